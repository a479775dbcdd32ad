// WriteBehind: copies of computed blocks on their way to a store.
//
// Copies, not references: a store that is slow or hangs holds memory of its
// own, bounded, and none of the engine's blocks. Copying takes 0.1 ms for a
// block of 720 KB, which takes 13 ms to compute.
//
// A block is stored below its parent or not at all, so a lane's blocks go one
// call after the other; after an error, what waits in the lane is dropped.
// Where puts yield, there is one call at a time, when put_pace.h says so.
//
// Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/prefix_cache/client/prefix_cache_client.h"
#include "services/verifier/prefix/prefix_store_metrics.h"

namespace tessera::verifier {

class WriteBehind {
 public:
  struct Options {
    int64_t block_bytes = 0;
    int64_t max_bytes = 0;                      // of all copies
    absl::Duration timeout = absl::Seconds(3);  // of one call
    bool yields = false;                        // to what is computed
  };

  // What one sequence puts, in order. By its pointer.
  class Lane;

  // `client` outlives the calls; `metrics` outlives this.
  WriteBehind(const Options& options, prefix_cache::PrefixCacheClient* client,
              PrefixStoreMetrics* metrics);
  // Drops what waits; calls under way end without it.
  ~WriteBehind();

  std::shared_ptr<Lane> NewLane();
  // A put failed: nothing that hangs from it can be stored.
  bool is_broken(const Lane& lane) const;

  // Blocks that may be put now.
  int64_t num_free() const;
  // Copies blocks first, first + 1, ... of the chain.
  // CHECK: at most num_free(), as one thread alone puts.
  void Put(const std::shared_ptr<Lane>& lane,
           std::shared_ptr<const prefix_cache::Chain> chain, size_t first,
           absl::Span<const uint8_t* const> blocks);

  // Where puts yield, whether anything is to be computed. Begins what may now.
  void Poll(bool is_computing, absl::Time now);
  // When to Poll again, if nothing is computed.
  absl::Time next_poll() const;
  void PassComputed(absl::Duration time);
  // A load took so much less than computing what it brought.
  void Saved(absl::Duration time);

  // Yields no more. Until nothing is under way, or the time is over.
  void WaitUntilIdle(absl::Duration timeout);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace tessera::verifier
