// Availability: whether a speculator is worth a call, found out on a thread of
// its own.
//
//   waiting ──(pause over, probe answers)──► ready
//      ▲                                       │
//      └──────────────(a call failed)──────────┘  pauses double until one
//                                                 succeeds
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tessera::speculator {

class Availability {
 public:
  // `probe` asks once, on the thread; OK: it would do. It ends soon after
  // `stop` was called.
  Availability(std::function<absl::Status()> probe, absl::Duration min_pause,
               absl::Duration max_pause);
  ~Availability();  // Stop()s

  // Begins to probe.
  void Start();
  void Stop();

  bool is_ready() const { return is_ready_.load(std::memory_order_acquire); }
  void Succeeded();
  void Failed(const absl::Status& status);

 private:
  void ThreadMain();
  // False: stopped.
  bool Pause(std::unique_lock<std::mutex>* lock, absl::Duration time);

  const std::function<absl::Status()> probe_;
  const absl::Duration min_pause_;
  const absl::Duration max_pause_;
  std::atomic<bool> is_ready_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  // By mutex_.
  bool is_started_ = false;
  bool is_stopped_ = false;
  absl::Duration pause_;                        // after the next failure
  absl::Duration left_ = absl::ZeroDuration();  // before the next probe
  std::thread thread_;                          // last: it uses the rest
};

}  // namespace tessera::speculator
