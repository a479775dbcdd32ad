// BlockArrivals: the blocks of one load, copied to where the engine wants them
// as they come, on the client's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "services/prefix_cache/client/prefix_cache_client.h"

namespace tessera::verifier {

// Thread-safe.
class BlockArrivals : public prefix_cache::GetObserver {
 public:
  struct Progress {
    int64_t num_arrived = 0;  // of the targets, the first so many
    absl::Time last_arrival = absl::InfinitePast();
    bool is_done = false;
    absl::Status status;  // once done
  };

  // Block first + i of the chain goes to targets[i]. `done` is told of the end.
  BlockArrivals(size_t first, std::vector<uint8_t*> targets,
                std::function<void()> done)
      : first_(first), targets_(std::move(targets)), done_(std::move(done)) {}

  // A block out of its turn is dropped: contiguous ones alone are of use.
  void OnBlock(size_t block, const prefix_cache::Payload& payload) override {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto next = static_cast<size_t>(progress_.num_arrived);
    if (is_closed_ || next == targets_.size() || block != first_ + next) return;
    payload.CopyTo(targets_[next]);
    ++progress_.num_arrived;
    progress_.last_arrival = absl::Now();
  }

  void OnDone(absl::Status status) override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      progress_.is_done = true;
      progress_.status = std::move(status);
    }
    done_();
  }

  Progress progress() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return progress_;
  }

  // Nothing is written to the targets any more. Waits for a copy under way: a
  // tenth of a millisecond.
  void Close() {
    std::lock_guard<std::mutex> lock(mutex_);
    is_closed_ = true;
  }

 private:
  const size_t first_;
  const std::vector<uint8_t*> targets_;
  const std::function<void()> done_;
  mutable std::mutex mutex_;
  Progress progress_;       // by mutex_
  bool is_closed_ = false;  // by mutex_
};

}  // namespace tessera::verifier
