#include "libs/http/connection.h"

#include <utility>

namespace tessera::http {

Connection::Connection(Loop* loop, int socket, std::string peer)
    : loop_(*loop),
      descriptor_(loop->context(), socket),
      peer_(std::move(peer)),
      deadline_(loop->After(loop->parts().options->idle_timeout)) {}

Connection::~Connection() = default;

void Connection::Start(bool is_refused) {
  if (is_refused) {
    Refuse(503, "too many connections");
  } else {
    WaitReadable();
  }
}

void Connection::OnDraining() {
  if (phase_ == Phase::kReading && reader_ == nullptr) Close();
}

void Connection::CheckDeadline(Clock::time_point now) {
  // While an answer is made, only the peer's slowness counts.
  if (now < deadline_ || (phase_ == Phase::kAnswering && !is_blocked_)) return;
  if (phase_ == Phase::kReading && reader_ != nullptr) {
    Refuse(408, "the request came too slowly");
  } else {
    Close();
  }
}

void Connection::Close() {
  if (phase_ == Phase::kClosed) return;
  const std::shared_ptr<Connection> self = shared_from_this();
  phase_ = Phase::kClosed;
  reader_.reset();
  loop_.Remove(this);
  // First, as its threads may send until then.
  if (const auto outbox = std::exchange(outbox_, nullptr)) outbox->Close();
  boost::system::error_code ignored;
  descriptor_.close(ignored);
}

}  // namespace tessera::http
