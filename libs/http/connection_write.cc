#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "libs/http/connection.h"

namespace tessera::http {

std::shared_ptr<Outbox> Connection::OpenOutbox(const AnswerTerms& terms) {
  phase_ = Phase::kAnswering;
  return std::make_shared<Outbox>(loop_.parts().options, loop_.mailbox(), terms,
                                  this);
}

void Connection::OnReady() {
  if (is_blocked_) return;
  const std::shared_ptr<Connection> self = shared_from_this();
  while (phase_ == Phase::kAnswering) {
    sending_.clear();
    num_sent_ = 0;
    taken_ = outbox_->Take(&sending_);
    if (taken_ == Outbox::Taken::kFailed) return Close();
    const bool had_bytes = !sending_.empty();
    if (!SendBuffer()) return;
    if (taken_ == Outbox::Taken::kLast) return OnAnswered();
    if (!had_bytes) return;
  }
}

// Reads nothing that this connection changes while its outbox is open. An error
// shows again when the loop sends the bytes that are left.
size_t Connection::TrySend(absl::string_view bytes) {
  const ssize_t num_sent = ::send(descriptor_.native_handle(), bytes.data(),
                                  bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return num_sent > 0 ? num_sent : 0;
}

bool Connection::SendBuffer() {
  while (num_sent_ < sending_.size()) {
    const ssize_t num_sent =
        ::send(descriptor_.native_handle(), sending_.data() + num_sent_,
               sending_.size() - num_sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (num_sent >= 0) {
      num_sent_ += num_sent;
    } else if (errno == EAGAIN) {
      WaitWritable();
      return false;
    } else if (errno != EINTR) {
      Close();
      return false;
    }
  }
  return true;
}

void Connection::WaitWritable() {
  is_blocked_ = true;
  outbox_->Block(sending_.size() - num_sent_);
  deadline_ = loop_.After(loop_.parts().options->send_timeout);
  descriptor_.async_wait(
      boost::asio::posix::stream_descriptor::wait_write,
      [self = shared_from_this()](const boost::system::error_code& error) {
        if (error || self->phase_ != Phase::kAnswering) return;
        self->is_blocked_ = false;
        if (!self->SendBuffer()) return;
        if (self->taken_ == Outbox::Taken::kLast) return self->OnAnswered();
        self->OnReady();
      });
}

void Connection::OnAnswered() {
  const std::shared_ptr<Outbox> outbox = std::exchange(outbox_, nullptr);
  outbox->Complete();
  sending_ = {};
  if (outbox->closes_connection()) return Linger();
  phase_ = Phase::kReading;
  deadline_ = loop_.After(loop_.parts().options->idle_timeout);
  ReadEarly();
  if (loop_.mailbox()->is_draining()) OnDraining();
  WaitReadable();
}

void Connection::Linger() {
  phase_ = Phase::kLingering;
  early_ = {};
  num_early_read_ = 0;
  deadline_ = loop_.After(loop_.parts().options->linger_timeout);
  ::shutdown(descriptor_.native_handle(), SHUT_WR);
  WaitReadable();
}

}  // namespace tessera::http
