// Mailbox: what any thread leaves for the thread that owns some connections.
//
// One wake-up a burst: the owner is woken by what comes into an empty box, and
// finds all that came until it looks.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace tessera::http {

class Outbox;

class Mailbox {
 public:
  // `wake` makes the owner call Take soon; called on any thread, under a lock.
  explicit Mailbox(std::function<void()> wake);

  // This outbox has something to send, or has ended.
  void Add(std::shared_ptr<Outbox> outbox);

  // Whether a thread may send one piece itself, instead of leaving it here:
  // not while the owner is awake anyway, nor more than kTurns times in
  // kTurnsInterval.
  bool TakeTurn();

  // For the owner: what came since, into *outboxes, which comes empty.
  void Take(std::vector<std::shared_ptr<Outbox>>* outboxes);
  // The owner has ended: wakes nobody again, keeps nothing. Until then an
  // outbox in here and this box hold each other.
  void Close();

  // Answers say from now on that their connection closes.
  void StartDraining() { is_draining_.store(true); }
  bool is_draining() const { return is_draining_.load(); }

 private:
  std::mutex mutex_;
  std::function<void()> wake_;                     // none: closed
  std::vector<std::shared_ptr<Outbox>> outboxes_;  // guarded by mutex_
  std::atomic<bool> is_draining_{false};
  int num_turns_ = 0;  // since turns_begin_; guarded by mutex_
  std::chrono::steady_clock::time_point turns_begin_;
};

}  // namespace tessera::http
