// Ticker: calls a function from time to time, on a thread of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/time/time.h"

namespace tessera::gateway {

class Ticker {
 public:
  // First after one `period`.
  Ticker(absl::Duration period, std::function<void()> tick);
  // No call begins after it, none is under way.
  ~Ticker();

  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  void Run();

  const absl::Duration period_;
  const std::function<void()> tick_;
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool is_stopping_ = false;  // by mutex_
  std::thread thread_;        // last: it uses the others
};

}  // namespace tessera::gateway
