#include "libs/http/mailbox.h"

#include <utility>

namespace tessera::http {

Mailbox::Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

void Mailbox::Add(std::shared_ptr<Outbox> outbox) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!wake_) return;
  outboxes_.push_back(std::move(outbox));
  // Under the lock, so that Close knows that no wake-up is under way.
  if (outboxes_.size() == 1) wake_();
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
