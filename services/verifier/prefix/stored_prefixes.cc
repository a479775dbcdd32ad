#include "services/verifier/prefix/stored_prefixes.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace tessera::verifier {
namespace {

constexpr absl::Duration kMatchTimeout = absl::Milliseconds(250);
// For what was put when the engine stops.
constexpr absl::Duration kLastPuts = absl::Seconds(2);

}  // namespace

StoredPrefixes::StoredPrefixes(const PrefixStore& store,
                               const kv_cache::PrefixIdentity& identity,
                               scheduling::Scheduler* scheduler,
                               kv_cache::BlockPool* pool,
                               std::function<void()> wake)
    : store_(store),
      scheduler_(*scheduler),
      pool_(*pool),
      hasher_(store.key, identity),
      costs_(pool->geometry().block_tokens),
      writes_({.block_bytes = pool->geometry().block_bytes(),
               .max_bytes = store.max_put_bytes,
               .yields = store.puts_yield},
              store.client, store.metrics),
      mailbox_(std::make_shared<StoreMailbox>(std::move(wake))),
      loads_({.client = store.client,
              .scheduler = scheduler,
              .pool = pool,
              .mailbox = mailbox_,
              .metrics = store.metrics,
              .costs = &costs_}),
      puts_(scheduler, pool, &hasher_, &writes_) {}

StoredPrefixes::~StoredPrefixes() { mailbox_->Close(); }

void StoredPrefixes::Arrived(SequenceId id, absl::string_view cache_salt,
                             int64_t num_public_tokens, absl::Time now) {
  const int block_tokens = pool_.geometry().block_tokens;
  const absl::Span<const int32_t> tokens = scheduler_.tokens(id);
  const absl::Span<const int32_t> whole =
      tokens.first(tokens.size() / block_tokens * block_tokens);
  Prompt& prompt = prompts_[id];
  prompt.names = hasher_.Begin(cache_salt, num_public_tokens / block_tokens);
  hasher_.Extend(&prompt.names, whole);
  if (whole.empty()) {
    // Nothing to ask for; what is generated may fill blocks.
    puts_.Matched(id, prompt.names, 0);
    return;
  }
  auto chain = std::make_shared<prefix_cache::Chain>();
  chain->root = prompt.names.root;
  chain->block_tokens = block_tokens;
  chain->payload_bytes = pool_.geometry().block_bytes();
  chain->tokens.assign(whole.begin(), whole.end());
  chain->hashes = prompt.names.chain;
  store_.metrics->Queried(whole.size());
  loads_.Asked(id, chain, now);
  store_.client->Match(
      *chain, now + kMatchTimeout,
      [mailbox = mailbox_,
       id](const absl::StatusOr<prefix_cache::MatchedBlocks>& matched) {
        mailbox->Put({id, matched});
      });
}

void StoredPrefixes::Poll(absl::Time now, bool is_computing) {
  for (const MatchAnswer& answer : mailbox_->TakeAll()) {
    const auto prompt = prompts_.find(answer.sequence);
    if (prompt == prompts_.end()) continue;  // it ended
    loads_.Answered(answer.sequence, answer.matched);
    if (answer.matched.ok()) {
      puts_.Matched(answer.sequence, prompt->second.names,
                    answer.matched->num_blocks);
    } else {
      store_.metrics->Failed();
    }
  }
  loads_.Poll(now);
  for (const auto& [id, loaded] : loads_.TakeLoaded()) {
    const auto prompt = prompts_.find(id);
    if (prompt != prompts_.end()) prompt->second.loaded = loaded;
    writes_.Saved(std::max(absl::ZeroDuration(),
                           costs_.ToCompute(loaded.num_blocks) - loaded.time));
  }
  writes_.Poll(is_computing, now);
}

absl::Time StoredPrefixes::Rest(absl::Time now) {
  writes_.Poll(/*is_computing=*/false, now);
  return writes_.next_poll();
}

void StoredPrefixes::Computed(absl::Span<const scheduling::Chunk> chunks,
                              absl::Duration time, absl::Time now) {
  int64_t num_prompt_tokens = 0;
  for (const scheduling::Chunk& chunk : chunks) {
    if (!chunk.is_decoding) num_prompt_tokens += chunk.tokens.size();
  }
  costs_.Computed(num_prompt_tokens, time);
  writes_.PassComputed(time);
  puts_.BeginPass(now);
  for (const scheduling::Chunk& chunk : chunks) puts_.Computed(chunk.sequence);
}

void StoredPrefixes::Ended(SequenceId id) {
  puts_.Ended(id);
  loads_.Forget(id);
  prompts_.erase(id);
}

v1::CachedTokens StoredPrefixes::SourcesOf(SequenceId id,
                                           int64_t num_cached) const {
  v1::CachedTokens sources;
  sources.set_num_engine(static_cast<int32_t>(num_cached));
  const auto prompt = prompts_.find(id);
  if (prompt == prompts_.end()) return sources;
  const LoadedBlocks& loaded = prompt->second.loaded;
  const int64_t block_tokens = pool_.geometry().block_tokens;
  const int64_t num_loaded =
      std::clamp(num_cached - loaded.first_block * block_tokens, int64_t{0},
                 loaded.num_blocks * block_tokens);
  const int64_t num_in_memory =
      std::clamp((loaded.num_in_memory - loaded.first_block) * block_tokens,
                 int64_t{0}, num_loaded);
  sources.set_num_engine(static_cast<int32_t>(num_cached - num_loaded));
  sources.set_num_memory(static_cast<int32_t>(num_in_memory));
  sources.set_num_disk(static_cast<int32_t>(num_loaded - num_in_memory));
  if (num_loaded > 0) {
    sources.set_load_seconds(absl::ToDoubleSeconds(loaded.time));
  }
  store_.metrics->Found(num_in_memory, num_loaded - num_in_memory);
  return sources;
}

void StoredPrefixes::Stop() {
  mailbox_->Close();
  loads_.Stop();
  writes_.WaitUntilIdle(kLastPuts);
}

}  // namespace tessera::verifier
