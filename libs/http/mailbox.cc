#include "libs/http/mailbox.h"

#include <utility>

namespace tessera::http {
namespace {

// To wake the owner takes some 20 us of CPU, to send a piece 2 us: so few
// pieces at a time are sent for less than a wake-up, and the thread that writes
// to many streams in a row is not held up by more.
constexpr int kTurns = 8;
constexpr std::chrono::microseconds kTurnsInterval{1000};

}  // namespace

Mailbox::Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

void Mailbox::Add(std::shared_ptr<Outbox> outbox) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!wake_) return;
  outboxes_.push_back(std::move(outbox));
  // Under the lock, so that Close knows that no wake-up is under way.
  if (outboxes_.size() == 1) wake_();
}

bool Mailbox::TakeTurn() {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!outboxes_.empty()) return false;
  if (now - turns_begin_ > kTurnsInterval) {
    turns_begin_ = now;
    num_turns_ = 0;
  }
  return num_turns_++ < kTurns;
}

void Mailbox::Take(std::vector<std::shared_ptr<Outbox>>* outboxes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  outboxes_.swap(*outboxes);
}

void Mailbox::Close() {
  std::vector<std::shared_ptr<Outbox>> dropped;
  const std::lock_guard<std::mutex> lock(mutex_);
  wake_ = nullptr;
  outboxes_.swap(dropped);
}

}  // namespace tessera::http
