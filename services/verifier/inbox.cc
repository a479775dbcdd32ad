#include "services/verifier/inbox.h"

#include <algorithm>
#include <chrono>

#include "absl/time/clock.h"

namespace tessera::verifier {

namespace {

// std::chrono has no infinite time that a wait could take.
std::chrono::system_clock::time_point ToChronoDeadline(absl::Time time) {
  return absl::ToChronoTime(std::min(time, absl::Now() + absl::Hours(1)));
}

}  // namespace

bool Inbox::Put(const std::shared_ptr<Generation>& generation) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (is_closed_) return false;
  arrived_.push_back(generation);
  changed_.notify_one();
  return true;
}

void Inbox::Wake() {
  std::lock_guard<std::mutex> lock(mutex_);
  is_woken_ = true;
  changed_.notify_one();
}

void Inbox::Close() {
  std::lock_guard<std::mutex> lock(mutex_);
  is_closed_ = true;
  changed_.notify_one();
}

bool Inbox::Wait(absl::Time until) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (until > absl::InfinitePast()) {
    changed_.wait_until(lock, ToChronoDeadline(until), [this] {
      return is_closed_ || is_woken_ || !arrived_.empty();
    });
  }
  is_woken_ = false;
  return !is_closed_;
}

std::vector<std::shared_ptr<Generation>> Inbox::TakeAll() {
  std::vector<std::shared_ptr<Generation>> arrived;
  std::lock_guard<std::mutex> lock(mutex_);
  arrived.swap(arrived_);
  return arrived;
}

}  // namespace tessera::verifier
