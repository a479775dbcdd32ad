// TaskPool: a few threads for what waits for the disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tessera::prefix_cache {

// The calling thread runs only where a core has nothing else to do, nearly: for
// work that nobody waits for, beside threads that compute. Whoever waits for a
// mutex that it holds frees a core for it.
void RunInBackground();

class TaskPool {
 public:
  enum class Urgency { kNormal, kBackground };

  explicit TaskPool(int num_threads, Urgency urgency = Urgency::kNormal);
  // Runs what was posted, then ends.
  ~TaskPool();

  // In order, on any of the threads.
  void Post(std::function<void()> task);

 private:
  void Run(Urgency urgency);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;  // by mutex_
  bool is_stopping_ = false;                 // by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace tessera::prefix_cache
