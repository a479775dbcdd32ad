#include "services/speculator/client/availability.h"

#include <pthread.h>

#include <algorithm>
#include <string>
#include <utility>

#include "libs/log/log.h"

namespace tessera::speculator {

Availability::Availability(std::function<absl::Status()> probe,
                           absl::Duration min_pause, absl::Duration max_pause)
    : probe_(std::move(probe)),
      min_pause_(min_pause),
      max_pause_(max_pause),
      pause_(min_pause),
      thread_([this] { ThreadMain(); }) {
  pthread_setname_np(thread_.native_handle(), "speculator-up");
}

Availability::~Availability() { Stop(); }

void Availability::Start() {
  std::lock_guard<std::mutex> lock(mutex_);
  is_started_ = true;
  changed_.notify_all();
}

void Availability::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_stopped_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Availability::Succeeded() {
  std::lock_guard<std::mutex> lock(mutex_);
  pause_ = min_pause_;
}

void Availability::Failed(const absl::Status& status) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!is_ready_) return;
  is_ready_ = false;
  left_ = pause_;
  pause_ = std::min(2 * pause_, max_pause_);
  changed_.notify_all();
  log::Event(log::kWarning, "speculator failed; no drafts until it answers",
             {{"error", status.ToString()}});
}

bool Availability::Pause(std::unique_lock<std::mutex>* lock,
                         absl::Duration time) {
  changed_.wait_for(*lock, absl::ToChronoNanoseconds(time),
                    [&] { return is_stopped_; });
  return !is_stopped_;
}

void Availability::ThreadMain() {
  std::string last_error;
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock,
                  [&] { return is_stopped_ || (is_started_ && !is_ready_); });
    if (is_stopped_ || !Pause(&lock, left_)) return;
    lock.unlock();
    const absl::Status status = probe_();
    lock.lock();
    if (is_stopped_) return;
    if (status.ok()) {
      is_ready_ = true;
      last_error.clear();
      log::Event(log::kInfo, "speculator is ready");
      continue;
    }
    left_ = min_pause_;
    if (status.ToString() == last_error) continue;  // said already
    last_error = status.ToString();
    log::Event(log::kWarning, "no drafts from the speculator",
               {{"error", last_error}});
  }
}

}  // namespace tessera::speculator
