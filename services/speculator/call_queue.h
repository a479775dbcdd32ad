// CallQueue: runs calls one after the other, on a thread of its own: the one
// that owns the draft model.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace tessera::speculator {

class CallQueue {
 public:
  // max_waiting: calls that have not begun; at least 1.
  explicit CallQueue(int max_waiting);
  // Runs what waits, then ends.
  ~CallQueue();

  // False, and nothing done: too many wait.
  bool Run(std::function<void()> call);

 private:
  void ThreadMain();

  const size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> calls_;  // by mutex_
  bool is_stopped_ = false;                  // by mutex_
  std::thread thread_;                       // last: it uses the rest
};

}  // namespace tessera::speculator
