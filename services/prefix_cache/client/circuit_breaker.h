// CircuitBreaker: after a few failures in a row, nobody asks for a while.
//
//   closed ──(failures)──► open ──(time)──► half-open ──(success)──► closed
//                            ▲                  │
//                            └────(failure)─────┘   twice as long each time
//
// Half-open, one call is let through; the others are not until it has ended.
// Thread-safe.
#pragma once

#include <functional>
#include <mutex>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tessera::prefix_cache {

struct CircuitBreakerOptions {
  int failures_to_open = 3;  // in a row; at least 1
  absl::Duration min_open_time = absl::Milliseconds(500);
  absl::Duration max_open_time = absl::Seconds(4);
  std::function<absl::Time()> now = [] { return absl::Now(); };
};

class CircuitBreaker {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };

  explicit CircuitBreaker(CircuitBreakerOptions options = {});

  // Whether a call may be made; then one of the following has to be told.
  bool Allow();
  bool Succeeded();  // true: with this it closed
  bool Failed();     // true: with this it opened, from closed
  void Abandoned();  // it tells nothing, such as one that was cancelled

  State state() const;

 private:
  const CircuitBreakerOptions options_;
  mutable std::mutex mutex_;
  // By mutex_.
  int num_failures_ = 0;
  bool is_closed_ = true;
  bool is_probing_ = false;
  absl::Duration open_time_;
  absl::Time open_until_ = absl::InfinitePast();
};

}  // namespace tessera::prefix_cache
