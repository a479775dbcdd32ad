// TaskThread: runs tasks one after another on a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace tessera::verifier {

class TaskThread {
 public:
  // `name`: up to 15 characters, as the system shows it.
  explicit TaskThread(const std::string& name);
  // Runs what is queued, then ends.
  ~TaskThread();

  void Run(std::function<void()> task);

 private:
  void ThreadMain();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  // by mutex_
  bool stopped_ = false;                     // by mutex_
  std::thread thread_;
};

}  // namespace tessera::verifier
