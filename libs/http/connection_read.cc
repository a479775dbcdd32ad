#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "libs/http/connection.h"

namespace tessera::http {
namespace {

// A peer that still sends after its last answer is cut off past so much; it
// reads its answer once its own sending is done.
constexpr int64_t kMaxDroppedBytes = 64 << 20;
constexpr absl::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

void Connection::WaitReadable() {
  if (is_waiting_readable_ || phase_ == Phase::kClosed) return;
  is_waiting_readable_ = true;
  descriptor_.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      [self = shared_from_this()](const boost::system::error_code& error) {
        self->is_waiting_readable_ = false;
        if (!error) self->OnReadable();
      });
}

void Connection::OnReadable() {
  if (phase_ == Phase::kClosed) return;
  auto& scratch = loop_.scratch();
  const ssize_t num_read = ::recv(descriptor_.native_handle(), scratch.data(),
                                  scratch.size(), MSG_DONTWAIT);
  if (num_read > 0) {
    OnBytes(absl::string_view(scratch.data(), num_read));
  } else if (num_read == 0 || (errno != EAGAIN && errno != EINTR)) {
    return Close();
  }
  // Past that bound the kernel's buffer fills up, and the peer has to wait.
  if (early_.size() - num_early_read_ <
      loop_.parts().options->max_header_bytes) {
    WaitReadable();
  }
}

void Connection::OnBytes(absl::string_view bytes) {
  if (phase_ == Phase::kReading) {
    while (phase_ == Phase::kReading && !bytes.empty()) {
      bytes.remove_prefix(ReadRequest(bytes));
    }
    // What follows a request. Its answer, begun or not, is sent later.
    if (phase_ == Phase::kAnswering) early_ = std::string(bytes);
  } else if (phase_ == Phase::kAnswering) {
    early_.erase(0, std::exchange(num_early_read_, 0));
    early_.append(bytes.data(), bytes.size());
  } else {
    num_dropped_ += bytes.size();
    if (num_dropped_ > kMaxDroppedBytes) Close();
  }
}

void Connection::ReadEarly() {
  while (phase_ == Phase::kReading && num_early_read_ < early_.size()) {
    num_early_read_ +=
        ReadRequest(absl::string_view(early_).substr(num_early_read_));
  }
  if (num_early_read_ < early_.size()) return;
  early_ = {};
  num_early_read_ = 0;
}

size_t Connection::ReadRequest(absl::string_view bytes) {
  const ServerOptions& options = *loop_.parts().options;
  if (reader_ == nullptr) {
    // Empty lines before a request begin none, and do not prolong the wait.
    const size_t begin =
        std::min(bytes.find_first_not_of("\r\n"), bytes.size());
    if (begin > 0) return begin;
    reader_ = std::make_unique<RequestReader>(
        RequestLimits{.max_header_bytes = options.max_header_bytes,
                      .max_body_bytes = options.max_body_bytes});
    deadline_ = loop_.After(options.header_timeout);
  }
  const RequestReader::State before = reader_->state();
  const size_t num_read = reader_->Read(bytes);
  switch (reader_->state()) {
    case RequestReader::State::kRefused:
      Refuse(reader_->refusal_status(), reader_->refusal());
      return bytes.size();
    case RequestReader::State::kComplete:
      Dispatch();
      return num_read;
    case RequestReader::State::kBody:
      if (before != RequestReader::State::kBody) {
        deadline_ = loop_.After(options.body_timeout);
      }
      if (reader_->TakeExpectation()) SendContinue();
      return num_read;
    default:
      return num_read;
  }
}

void Connection::SendContinue() {
  // All answers before were taken by the kernel. Where it has no room for this
  // line, the peer has stopped reading.
  const ssize_t num_sent =
      ::send(descriptor_.native_handle(), kContinue.data(), kContinue.size(),
             MSG_DONTWAIT | MSG_NOSIGNAL);
  if (num_sent != static_cast<ssize_t>(kContinue.size())) Close();
}

void Connection::Dispatch() {
  const std::unique_ptr<RequestReader> reader = std::move(reader_);
  Request request = reader->TakeRequest();
  request.peer = peer_;
  outbox_ = OpenOutbox({.is_head = request.method == "HEAD",
                        .is_http_1_1 = reader->is_http_1_1(),
                        .keep_alive = reader->keep_alive()});
  loop_.parts().handler(std::move(request), Outbox::MakeExchange(outbox_));
}

void Connection::Refuse(int status, absl::string_view message) {
  Response response = loop_.parts().options->ErrorResponse(status, message);
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  reader_.reset();
  outbox_ = OpenOutbox({.is_http_1_1 = true, .keep_alive = false});
  outbox_->Send(std::move(response));
}

}  // namespace tessera::http
