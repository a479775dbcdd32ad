// CallCount: calls that gRPC has not let go of.
//
// A call's context holds the channel. Should the last hold end on one of gRPC's
// own threads, gRPC would wait there for that very thread; so contexts end
// before a CallCount is told, and a client waits for it before its channel
// ends.
#pragma once

#include <condition_variable>
#include <mutex>

#include "absl/time/time.h"

namespace tessera::rpc {

class CallCount {
 public:
  void Begin() {
    std::lock_guard<std::mutex> lock(mutex_);
    ++count_;
  }
  void End() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (--count_ == 0) none_.notify_all();
  }
  // False: there are some still, after `timeout`.
  bool WaitForNone(absl::Duration timeout) {
    std::unique_lock<std::mutex> lock(mutex_);
    return none_.wait_for(lock, absl::ToChronoNanoseconds(timeout),
                          [&] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  int count_ = 0;  // by mutex_
};

}  // namespace tessera::rpc
