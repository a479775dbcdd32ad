// TaskPool: a few threads for what waits for the disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tessera::prefix_cache {

class TaskPool {
 public:
  explicit TaskPool(int num_threads);
  // Runs what was posted, then ends.
  ~TaskPool();

  // In order, on any of the threads.
  void Post(std::function<void()> task);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;  // by mutex_
  bool is_stopping_ = false;                 // by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace tessera::prefix_cache
