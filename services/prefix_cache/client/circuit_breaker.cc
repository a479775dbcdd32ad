#include "services/prefix_cache/client/circuit_breaker.h"

#include <algorithm>
#include <utility>

namespace tessera::prefix_cache {

CircuitBreaker::CircuitBreaker(CircuitBreakerOptions options)
    : options_(std::move(options)), open_time_(options_.min_open_time) {}

bool CircuitBreaker::Allow() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (is_closed_) return true;
  if (is_probing_ || options_.now() < open_until_) return false;
  is_probing_ = true;
  return true;
}

bool CircuitBreaker::Succeeded() {
  std::lock_guard<std::mutex> lock(mutex_);
  // One that was under way when it opened does not close it.
  if (!is_closed_ && !is_probing_) return false;
  const bool closes = !is_closed_;
  is_closed_ = true;
  is_probing_ = false;
  num_failures_ = 0;
  open_time_ = options_.min_open_time;
  return closes;
}

bool CircuitBreaker::Failed() {
  std::lock_guard<std::mutex> lock(mutex_);
  const bool opens = is_closed_;
  if (is_closed_) {
    if (++num_failures_ < options_.failures_to_open) return false;
    is_closed_ = false;
  } else if (is_probing_) {
    open_time_ = std::min(2 * open_time_, options_.max_open_time);
  } else {
    return false;  // under way when it opened
  }
  is_probing_ = false;
  open_until_ = options_.now() + open_time_;
  return opens;
}

void CircuitBreaker::Abandoned() {
  std::lock_guard<std::mutex> lock(mutex_);
  is_probing_ = false;
}

CircuitBreaker::State CircuitBreaker::state() const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (is_closed_) return State::kClosed;
  return is_probing_ || options_.now() >= open_until_ ? State::kHalfOpen
                                                      : State::kOpen;
}

}  // namespace tessera::prefix_cache
