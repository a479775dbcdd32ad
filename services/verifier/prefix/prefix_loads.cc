#include "services/verifier/prefix/prefix_loads.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"

namespace tessera::verifier {
namespace {

// How long an answer of the store is waited for, at most.
constexpr absl::Duration kMaxMatchWait = absl::Milliseconds(50);
// Without a block for so long, or as long as computing so many takes, a load is
// no longer waited for.
constexpr absl::Duration kMinPatience = absl::Milliseconds(20);
constexpr int64_t kPatienceBlocks = 4;
constexpr absl::Duration kMaxPatience = absl::Milliseconds(500);
// A store that takes this much longer than computing is not worth its
// bandwidth.
constexpr double kSlowness = 2;
constexpr absl::Duration kMinTimeout = absl::Milliseconds(250);

}  // namespace

void PrefixLoads::Asked(SequenceId id,
                        std::shared_ptr<const prefix_cache::Chain> chain,
                        absl::Time now) {
  scheduling::Scheduler& scheduler = *environment_.scheduler;
  const int64_t num_missing =
      scheduler.NumUsableBlocks(id) - scheduler.NumFindableBlocks(id);
  if (num_missing <= 0) return;
  scheduler.Hold(id);
  const absl::Duration wait =
      std::min(kMaxMatchWait, environment_.costs->ToCompute(num_missing));
  loads_.push_back({.id = id,
                    .chain = std::move(chain),
                    .asked = now,
                    .hold_until = now + wait});
}

void PrefixLoads::Answered(
    SequenceId id, const absl::StatusOr<prefix_cache::MatchedBlocks>& matched) {
  for (Load& load : loads_) {
    if (load.id == id)
      load.matched = matched.value_or(prefix_cache::MatchedBlocks());
  }
}

void PrefixLoads::Poll(absl::Time now) {
  orphans_.erase(std::remove_if(orphans_.begin(), orphans_.end(),
                                [](const Orphan& orphan) {
                                  return orphan.arrivals->progress().is_done;
                                }),
                 orphans_.end());
  for (auto load = loads_.begin(); load != loads_.end();) {
    if (PollOne(*load, now)) {
      ++load;
      continue;
    }
    Unhold(*load);
    load = loads_.erase(load);
  }
}

bool PrefixLoads::PollOne(Load& load, absl::Time now) {
  if (load.arrivals != nullptr) return PollLoading(load, now);
  // Who could not be admitted anyway loses nothing by waiting.
  if (!environment_.scheduler->is_admissible(load.id)) return true;
  if (!load.matched.has_value()) return now < load.hold_until;
  return PollMatched(load, now);
}

// Whether to load what the store has more than the tree.
bool PrefixLoads::PollMatched(Load& load, absl::Time now) {
  scheduling::Scheduler& scheduler = *environment_.scheduler;
  const int64_t first = scheduler.NumFindableBlocks(load.id);
  const int64_t end =
      std::min(load.matched->num_blocks, scheduler.NumUsableBlocks(load.id));
  if (first >= end) return false;
  // Others load the same: theirs will be found.
  if (IsBeingLoaded(load, first)) return now < load.hold_until;
  if (!environment_.costs->ShouldLoad(Missing(load, first, end))) {
    environment_.metrics->DecidedToCompute();
    return false;
  }
  Begin(load, end, now);
  return true;
}

void PrefixLoads::Begin(Load& load, int64_t end, absl::Time now) {
  environment_.metrics->DecidedToLoad();
  const scheduling::Scheduler::LoadTarget target =
      environment_.scheduler->BeginLoad(load.id, end);
  const auto num_blocks = static_cast<int64_t>(target.blocks.size());
  const absl::Duration to_compute = environment_.costs->ToCompute(num_blocks);
  std::vector<uint8_t*> targets;
  for (const kv_cache::BlockId block : target.blocks) {
    targets.push_back(environment_.pool->arena().block(block));
  }
  load.first_block = target.first_block;
  load.begun = now;
  load.hold_until = now + to_compute;
  load.patience = std::clamp(environment_.costs->ToCompute(kPatienceBlocks),
                             kMinPatience, kMaxPatience);
  load.arrivals = std::make_shared<BlockArrivals>(
      target.first_block, std::move(targets),
      [mailbox = environment_.mailbox] { mailbox->Wake(); });
  load.call = environment_.client->Get(
      load.chain, target.first_block, num_blocks,
      now + std::max(kMinTimeout, kSlowness * to_compute), load.arrivals);
}

bool PrefixLoads::PollLoading(Load& load, absl::Time now) {
  scheduling::Scheduler& scheduler = *environment_.scheduler;
  const BlockArrivals::Progress progress = load.arrivals->progress();
  if (progress.num_arrived > load.num_filled) {
    load.num_filled = progress.num_arrived;
    scheduler.Filled(load.id, load.num_filled);
  }
  if (progress.is_done) {
    if (!progress.status.ok()) environment_.metrics->Failed();
    End(load, now);
    return false;
  }
  if (load.is_held) {
    const absl::Time alive = std::max(load.begun, LastArrival());
    if (now < load.hold_until && now < alive + load.patience) return true;
    environment_.metrics->GaveUp();
    Unhold(load);
    return true;
  }
  // Blocks that come are of use as long as they are ahead of what is computed.
  const int64_t num_computed = scheduler.progress(load.id).num_computed;
  const int64_t front = num_computed / load.chain->block_tokens;
  if (front <= load.first_block + load.num_filled) return true;
  End(load, now);
  return false;
}

BlocksToLoad PrefixLoads::Missing(const Load& load, int64_t first,
                                  int64_t end) const {
  // What the store has in memory is taken to be the beginning of the chain:
  // its tiers let go of leaves.
  const int64_t num_in_memory =
      std::clamp(load.matched->num_in_memory - first, int64_t{0}, end - first);
  return {num_in_memory, end - first - num_in_memory};
}

bool PrefixLoads::IsBeingLoaded(const Load& load, int64_t block) const {
  return std::any_of(loads_.begin(), loads_.end(), [&](const Load& other) {
    return other.arrivals != nullptr && other.is_held &&
           block < static_cast<int64_t>(other.chain->hashes.size()) &&
           other.chain->hashes[block] == load.chain->hashes[block];
  });
}

void PrefixLoads::Unhold(Load& load) {
  if (load.is_held) environment_.scheduler->Unhold(load.id);
  load.is_held = false;
}

// What came is used; nothing else is.
void PrefixLoads::End(Load& load, absl::Time now) {
  load.arrivals->Close();
  const BlockArrivals::Progress progress = load.arrivals->progress();
  const int64_t num_arrived = progress.num_arrived;
  environment_.scheduler->Filled(load.id, num_arrived);
  environment_.scheduler->EndLoad(load.id);
  // Waiting in vain is a cost too: at least of the block that did not come.
  const bool is_whole = progress.is_done && progress.status.ok();
  const absl::Time last =
      is_whole && num_arrived > 0 ? progress.last_arrival : now;
  const int64_t end = load.first_block + num_arrived;
  environment_.costs->Loaded(
      Missing(load, load.first_block, std::max(end, load.first_block + 1)),
      last - load.begun);
  loaded_.push_back({load.id,
                     {.first_block = load.first_block,
                      .num_blocks = num_arrived,
                      .num_in_memory = load.matched->num_in_memory,
                      .time = last - load.asked}});
  environment_.metrics->Loaded(num_arrived * load.chain->payload_bytes,
                               absl::ToDoubleSeconds(last - load.asked));
  if (!progress.is_done) {
    orphans_.push_back({load.arrivals, std::move(load.call)});
  }
  load.call.reset();
}

void PrefixLoads::Forget(SequenceId id) {
  for (auto load = loads_.begin(); load != loads_.end(); ++load) {
    if (load->id != id) continue;
    if (load->arrivals != nullptr) load->arrivals->Close();
    environment_.scheduler->EndLoad(id);
    loads_.erase(load);
    return;
  }
}

void PrefixLoads::Stop() {
  while (!loads_.empty()) {
    Unhold(loads_.front());
    Forget(loads_.front().id);
  }
  orphans_.clear();
}

absl::Time PrefixLoads::LastArrival() const {
  absl::Time last = absl::InfinitePast();
  for (const Load& load : loads_) {
    if (load.arrivals == nullptr) continue;
    last = std::max(last, load.arrivals->progress().last_arrival);
  }
  return last;
}

absl::Time PrefixLoads::next_poll() const {
  absl::Time next = absl::InfiniteFuture();
  for (const Load& load : loads_) {
    if (!load.is_held) continue;
    next = std::min(next, load.hold_until);
    if (load.arrivals == nullptr) continue;
    const absl::Time alive = std::max(load.begun, LastArrival());
    next = std::min(next, alive + load.patience);
  }
  return next;
}

std::vector<std::pair<scheduling::SequenceId, LoadedBlocks>>
PrefixLoads::TakeLoaded() {
  return std::exchange(loaded_, {});
}

}  // namespace tessera::verifier
