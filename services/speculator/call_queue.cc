#include "services/speculator/call_queue.h"

#include <pthread.h>

#include <utility>

namespace tessera::speculator {

CallQueue::CallQueue(int max_waiting)
    : max_waiting_(max_waiting), thread_([this] { ThreadMain(); }) {
  pthread_setname_np(thread_.native_handle(), "speculator");
}

CallQueue::~CallQueue() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_stopped_ = true;
    changed_.notify_one();
  }
  thread_.join();
}

bool CallQueue::Run(std::function<void()> call) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (calls_.size() >= max_waiting_) return false;
  calls_.push_back(std::move(call));
  changed_.notify_one();
  return true;
}

void CallQueue::ThreadMain() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return is_stopped_ || !calls_.empty(); });
    if (calls_.empty()) return;
    std::function<void()> call = std::move(calls_.front());
    calls_.pop_front();
    lock.unlock();
    call();
    call = nullptr;
    lock.lock();
  }
}

}  // namespace tessera::speculator
