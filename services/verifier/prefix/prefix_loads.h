// PrefixLoads: brings blocks from a store into the engine's prefix tree, where
// the ordinary admission finds them.
//
//   arrived ─► asked ─► matched ─► loading ─► admitted, its blocks found
//      └────────┴──────────┴──────────┴─► or computed: nothing to load, too
//                                         slow, no answer in time, an error
//
// A sequence is held in the meantime (Scheduler::Hold), never longer than
// computing the blocks would take, and only as long as blocks come. When the
// hold ends early it computes from the front of what came; blocks that still
// come are taken as long as they are ahead of it.
//
// The engine's thread alone; nothing blocks.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/scheduling/scheduler.h"
#include "services/prefix_cache/client/prefix_cache_client.h"
#include "services/verifier/prefix/block_arrivals.h"
#include "services/verifier/prefix/load_costs.h"
#include "services/verifier/prefix/prefix_store_metrics.h"
#include "services/verifier/prefix/store_mailbox.h"

namespace tessera::verifier {

// What came of a load, for the request's usage.
struct LoadedBlocks {
  int64_t first_block = 0;
  int64_t num_blocks = 0;
  int64_t num_in_memory = 0;  // of the chain: the first so many of all blocks
  absl::Duration time;        // from asking to the last block

  friend bool operator==(const LoadedBlocks&, const LoadedBlocks&) = default;
};

class PrefixLoads {
 public:
  using SequenceId = scheduling::SequenceId;
  struct Environment {
    prefix_cache::PrefixCacheClient* client = nullptr;
    scheduling::Scheduler* scheduler = nullptr;
    kv_cache::BlockPool* pool = nullptr;
    std::shared_ptr<StoreMailbox> mailbox;
    PrefixStoreMetrics* metrics = nullptr;
    LoadCosts* costs = nullptr;
  };

  // All outlive it.
  explicit PrefixLoads(Environment environment)
      : environment_(std::move(environment)) {}
  ~PrefixLoads() { Stop(); }

  // The store is being asked for a sequence that was just added: it is held
  // until the answer if a load could be worth it.
  void Asked(SequenceId id, std::shared_ptr<const prefix_cache::Chain> chain,
             absl::Time now);
  // The answer.
  void Answered(SequenceId id,
                const absl::StatusOr<prefix_cache::MatchedBlocks>& matched);
  // Between passes: begins and ends loads and holds.
  void Poll(absl::Time now);
  // The sequence is about to be removed.
  void Forget(SequenceId id);
  // Ends all loads.
  void Stop();

  // When Poll has something to do again, at the latest; a wake may come before.
  absl::Time next_poll() const;
  // What Poll has ended since the last call.
  std::vector<std::pair<SequenceId, LoadedBlocks>> TakeLoaded();

 private:
  struct Load {
    SequenceId id = 0;
    std::shared_ptr<const prefix_cache::Chain> chain;
    absl::Time asked;
    absl::Time hold_until;
    bool is_held = true;
    std::optional<prefix_cache::MatchedBlocks> matched;  // once answered
    // Once loading:
    int64_t first_block = 0;
    int64_t num_filled = 0;
    absl::Time begun;
    absl::Duration patience;  // without a block
    std::shared_ptr<BlockArrivals> arrivals;
    std::unique_ptr<prefix_cache::GetCall> call;
  };
  // A load that was given up before the store was done: its end, at the latest
  // by its deadline, tells the circuit breaker.
  struct Orphan {
    std::shared_ptr<BlockArrivals> arrivals;
    std::unique_ptr<prefix_cache::GetCall> call;
  };

  // Each: false, the load is over.
  bool PollOne(Load& load, absl::Time now);
  bool PollMatched(Load& load, absl::Time now);
  bool PollLoading(Load& load, absl::Time now);
  void Begin(Load& load, int64_t end, absl::Time now);
  BlocksToLoad Missing(const Load& load, int64_t first, int64_t end) const;
  bool IsBeingLoaded(const Load& load, int64_t block) const;
  void Unhold(Load& load);
  void End(Load& load, absl::Time now);
  absl::Time LastArrival() const;

  const Environment environment_;
  std::list<Load> loads_;  // in the order of arrival
  std::vector<Orphan> orphans_;
  std::vector<std::pair<SequenceId, LoadedBlocks>> loaded_;
};

}  // namespace tessera::verifier
