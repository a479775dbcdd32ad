#include "services/prefix_cache/task_pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace tessera::prefix_cache {

void RunInBackground() {
  // Of this thread alone. Where it is not allowed nothing is lost but time.
  setpriority(PRIO_PROCESS, gettid(), 19);
}

TaskPool::TaskPool(int num_threads, Urgency urgency) {
  for (int i = 0; i < num_threads; ++i) {
    threads_.emplace_back([this, urgency] { Run(urgency); });
  }
}

TaskPool::~TaskPool() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void TaskPool::Post(std::function<void()> task) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void TaskPool::Run(Urgency urgency) {
  if (urgency == Urgency::kBackground) RunInBackground();
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return is_stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace tessera::prefix_cache
