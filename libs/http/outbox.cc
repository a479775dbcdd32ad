#include "libs/http/outbox.h"

#include <utility>

#include "libs/base/check.h"

namespace tessera::http {
namespace {

class OutboxExchange : public Exchange {
 public:
  explicit OutboxExchange(std::shared_ptr<Outbox> outbox)
      : outbox_(std::move(outbox)) {}
  ~OutboxExchange() override { outbox_->Abandon(); }

  void Send(Response response) override { outbox_->Send(std::move(response)); }
  void Begin(Response head) override { outbox_->Begin(std::move(head)); }
  bool Write(std::string piece) override { return outbox_->Write(piece); }
  void Finish() override { outbox_->Finish(); }
  void OnClosed(std::function<void()> closed) override {
    outbox_->OnClosed(std::move(closed));
  }

 private:
  const std::shared_ptr<Outbox> outbox_;
};

}  // namespace

Outbox::Outbox(std::shared_ptr<const ServerOptions> options,
               std::shared_ptr<Mailbox> mailbox, const AnswerTerms& terms,
               Sender* sender)
    : options_(std::move(options)),
      mailbox_(std::move(mailbox)),
      terms_(terms),
      sender_(sender) {}

std::shared_ptr<Exchange> Outbox::MakeExchange(std::shared_ptr<Outbox> outbox) {
  return std::make_shared<OutboxExchange>(std::move(outbox));
}

void Outbox::Send(Response response) {
  std::unique_lock<std::mutex> lock(mutex_);
  CHECK(stage_ == Stage::kUnanswered) << "a second answer";
  stage_ = Stage::kFinished;
  closes_connection_ = !terms_.keep_alive || mailbox_->is_draining();
  pending_ = FormatHead(
      response, {.content_length = static_cast<int64_t>(response.body.size()),
                 .close = closes_connection_,
                 .say_keep_alive = !terms_.is_http_1_1});
  if (!terms_.is_head && !IsBodiless(response.status)) {
    pending_.append(response.body);
  }
  Queue(std::move(lock));
}

void Outbox::Begin(Response head) {
  std::unique_lock<std::mutex> lock(mutex_);
  CHECK(stage_ == Stage::kUnanswered) << "a second answer";
  stage_ = Stage::kStreaming;
  is_chunked_ = terms_.is_http_1_1;
  // A stream to HTTP/1.0 ends where the connection does.
  closes_connection_ =
      !terms_.keep_alive || !is_chunked_ || mailbox_->is_draining();
  pending_ = FormatHead(
      head, {.is_chunked = is_chunked_, .close = closes_connection_});
  Queue(std::move(lock));
}

bool Outbox::Write(absl::string_view piece) {
  CHECK(!piece.empty());
  std::unique_lock<std::mutex> lock(mutex_);
  CHECK(stage_ == Stage::kStreaming) << "a piece outside of a stream";
  if (is_closed_ || is_failed_) return false;
  const int64_t num_waiting_bytes = pending_.size() + num_unsent_bytes_;
  if (num_waiting_bytes >= options_->max_send_bytes) {
    is_failed_ = true;
    is_queued_ = false;  // blocked or not, the connection has to know
    Queue(std::move(lock));
    return false;
  }
  if (terms_.is_head) return true;
  const bool is_alone = pending_.empty() && !is_queued_ && !is_taken_;
  if (is_chunked_) {
    AppendChunk(piece, &pending_);
  } else {
    pending_.append(piece.data(), piece.size());
  }
  if (is_alone && mailbox_->TakeTurn()) {
    pending_.erase(0, sender_->TrySend(pending_));
    if (pending_.empty()) return true;
  }
  Queue(std::move(lock));
  return true;
}

void Outbox::Finish() {
  std::unique_lock<std::mutex> lock(mutex_);
  CHECK(stage_ == Stage::kStreaming) << "the end of no stream";
  stage_ = Stage::kFinished;
  if (is_chunked_ && !terms_.is_head) {
    pending_.append(kLastChunk.data(), kLastChunk.size());
  }
  Queue(std::move(lock));
}

void Outbox::OnClosed(std::function<void()> closed) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    CHECK(!closed_) << "OnClosed is set once";
    if (is_complete_) return;
    if (!is_closed_) {
      closed_ = std::move(closed);
      return;
    }
  }
  closed();
}

void Outbox::Abandon() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (is_closed_ || stage_ == Stage::kFinished) return;
  if (stage_ == Stage::kUnanswered) {
    lock.unlock();
    Send(options_->ErrorResponse(500, "the request was dropped"));
    return;
  }
  is_failed_ = true;
  is_queued_ = false;
  Queue(std::move(lock));
}

void Outbox::Queue(std::unique_lock<std::mutex> lock) {
  if (is_queued_ || is_closed_) return;
  is_queued_ = true;
  lock.unlock();
  mailbox_->Add(shared_from_this());
}

Outbox::Taken Outbox::Take(std::string* bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  is_queued_ = false;
  num_unsent_bytes_ = 0;
  if (is_failed_) return Taken::kFailed;
  pending_.swap(*bytes);
  is_taken_ = !bytes->empty();
  return stage_ == Stage::kFinished ? Taken::kLast : Taken::kSome;
}

void Outbox::Block(int64_t num_unsent_bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  is_queued_ = true;
  num_unsent_bytes_ = num_unsent_bytes;
}

void Outbox::Complete() {
  std::function<void()> dropped;  // what it holds dies outside the lock
  const std::lock_guard<std::mutex> lock(mutex_);
  is_complete_ = true;
  sender_ = nullptr;
  dropped.swap(closed_);
}

void Outbox::Close() {
  std::function<void()> closed;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    sender_ = nullptr;
    if (is_complete_ || is_closed_) return;
    is_closed_ = true;
    pending_ = {};
    closed.swap(closed_);
  }
  if (closed) closed();
}

bool Outbox::closes_connection() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return closes_connection_;
}

}  // namespace tessera::http
