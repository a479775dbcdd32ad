#include "services/gateway/ticker.h"

#include <utility>

namespace tessera::gateway {

Ticker::Ticker(absl::Duration period, std::function<void()> tick)
    : period_(period), tick_(std::move(tick)), thread_([this] { Run(); }) {}

Ticker::~Ticker() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_stopping_ = true;
  }
  stopping_.notify_all();
  thread_.join();
}

void Ticker::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_.wait_for(lock, absl::ToChronoNanoseconds(period_),
                             [this] { return is_stopping_; })) {
    lock.unlock();
    tick_();
    lock.lock();
  }
}

}  // namespace tessera::gateway
