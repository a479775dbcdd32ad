#include "services/verifier/prefix/prefix_puts.h"

#include <algorithm>
#include <utility>

namespace tessera::verifier {
namespace {

// Of a pass: 12 MB of the default model's, copied in about 1.5 ms; passes with
// prompts bring as many and take a hundred times as long.
constexpr int64_t kMaxPassBlocks = 16;
// Of a sequence's end, which won't come back.
constexpr int64_t kMaxLastBlocks = 32;
constexpr absl::Duration kGeneration = absl::Seconds(5);
constexpr size_t kMaxRecent = 1 << 16;

}  // namespace

void PrefixPuts::Matched(SequenceId id, kv_cache::PrefixNames names,
                         int64_t num_blocks) {
  sources_[id] = {
      .names = std::move(names), .next = num_blocks, .lane = writes_.NewLane()};
}

// The lane too: what the twin puts hangs from what the parent does.
void PrefixPuts::Forked(SequenceId parent, SequenceId twin) {
  const auto found = sources_.find(parent);
  if (found == sources_.end()) return;
  Source source = found->second;
  sources_.emplace(twin, std::move(source));
}

void PrefixPuts::BeginPass(absl::Time now) {
  num_left_ = kMaxPassBlocks;
  if (now < next_generation_ && recent_.size() < kMaxRecent) return;
  next_generation_ = now + kGeneration;
  less_recent_ = std::exchange(recent_, {});
}

void PrefixPuts::Computed(SequenceId id) {
  const auto found = sources_.find(id);
  if (found == sources_.end()) return;
  if (writes_.is_broken(*found->second.lane)) {
    sources_.erase(found);
    return;
  }
  const int64_t before = found->second.next;
  PutSome(id, found->second, num_left_);
  num_left_ -= std::min(num_left_, found->second.next - before);
}

void PrefixPuts::Ended(SequenceId id) {
  const auto found = sources_.find(id);
  if (found == sources_.end()) return;
  if (!writes_.is_broken(*found->second.lane)) {
    PutSome(id, found->second, kMaxLastBlocks);
  }
  sources_.erase(found);
}

bool PrefixPuts::IsRecent(const prefix_cache::Hash& hash) const {
  return recent_.contains(hash) || less_recent_.contains(hash);
}

void PrefixPuts::SkipRecent(Source& source, int64_t end) const {
  while (source.next < end && IsRecent(source.names.chain[source.next])) {
    ++source.next;
  }
}

void PrefixPuts::PutSome(SequenceId id, Source& source, int64_t num_blocks) {
  const int64_t block_tokens = pool_.geometry().block_tokens;
  const int64_t end = scheduler_.progress(id).num_computed / block_tokens;
  if (source.next >= end) return;
  const absl::Span<const int32_t> tokens = scheduler_.tokens(id);
  hasher_.Extend(&source.names, tokens.first(end * block_tokens));
  SkipRecent(source, end);
  num_blocks = std::min({num_blocks, end - source.next, writes_.num_free()});
  if (num_blocks <= 0) return;
  // With the block before, as the first one's parent.
  const int64_t first = std::max<int64_t>(0, source.next - 1);
  const int64_t last = source.next + num_blocks;
  auto chain = std::make_shared<prefix_cache::Chain>();
  chain->root = source.names.root;
  chain->block_tokens = static_cast<int>(block_tokens);
  chain->payload_bytes = pool_.geometry().block_bytes();
  const std::vector<prefix_cache::Hash>& hashes = source.names.chain;
  chain->hashes.assign(hashes.begin() + first, hashes.begin() + last);
  chain->tokens.assign(tokens.begin() + first * block_tokens,
                       tokens.begin() + last * block_tokens);
  std::vector<const uint8_t*> blocks;
  for (int64_t i = source.next; i < last; ++i) {
    blocks.push_back(pool_.arena().block(scheduler_.block_table(id)[i]));
    recent_.insert(hashes[i]);
  }
  writes_.Put(source.lane, std::move(chain), source.next - first, blocks);
  source.next = last;
}

}  // namespace tessera::verifier
