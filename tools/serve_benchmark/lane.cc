#include "tools/serve_benchmark/lane.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tessera::serve_benchmark {
namespace {

// A connection under way to loopback, or -1 with errno set.
int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) < 0 &&
      errno != EINPROGRESS) {
    close(fd);
    return -1;
  }
  return fd;
}

std::string Head(int port, const PlannedRequest& request) {
  return absl::StrCat("POST ", request.path,
                      " HTTP/1.1\r\nHost: 127.0.0.1:", port,
                      "\r\nContent-Type: application/json\r\nContent-Length: ",
                      request.body.size(), "\r\n\r\n");
}

bool WouldBlock() { return errno == EAGAIN || errno == EINPROGRESS; }

}  // namespace

Lane::Lane(int port, std::vector<PlannedRequest> requests)
    : port_(port),
      requests_(std::move(requests)),
      next_begin_(requests_.empty() ? absl::ZeroDuration()
                                    : requests_[0].delay) {}

Lane::~Lane() {
  if (fd_ >= 0) close(fd_);
}

absl::Duration Lane::wake_time() const {
  const bool waits = fd_ < 0 && next_ < requests_.size();
  return waits ? next_begin_ : absl::InfiniteDuration();
}

pollfd Lane::Poll() const {
  const short events = unsent_.empty() ? POLLIN : POLLIN | POLLOUT;
  return {.fd = fd_, .events = events, .revents = 0};
}

void Lane::Begin(absl::Duration now) {
  const PlannedRequest& request = requests_[next_++];
  reader_ = ResponseReader();
  events_ = TokenEvents();
  unsent_ = Head(port_, request) + request.body;
  send_error_.clear();
  answers_.push_back({.sent = now});
  fd_ = Connect(port_);
  if (fd_ < 0) End(now, strerror(errno));
}

void Lane::Send() {
  if (unsent_.empty()) return;
  const ssize_t sent = send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent > 0) {
    unsent_.erase(0, sent);
  } else if (!WouldBlock()) {
    // An answer may be there all the same: a server need not read it all.
    send_error_ = strerror(errno);
    unsent_.clear();
  }
}

void Lane::Receive(absl::Duration now) {
  char buffer[64 << 10];
  while (fd_ >= 0) {
    const ssize_t received = recv(fd_, buffer, sizeof(buffer), 0);
    if (received > 0) {
      Read({buffer, static_cast<size_t>(received)}, now);
    } else if (received == 0) {
      const bool is_whole = events_.done();
      End(now, is_whole              ? ""
               : send_error_.empty() ? "the connection was closed"
                                     : send_error_);
    } else if (WouldBlock() || errno == ENOTCONN) {
      return;
    } else if (errno != EINTR) {
      End(now, strerror(errno));
    }
  }
}

void Lane::Read(absl::string_view bytes, absl::Duration now) {
  const absl::StatusOr<std::string> body = reader_.Add(bytes);
  if (!body.ok()) return End(now, std::string(body.status().message()));
  Answer& answer = answers_.back();
  answer.body += *body;
  answer.tokens.insert(answer.tokens.end(), events_.Add(*body), now);
  if (reader_.status() != 0 && reader_.status() != 200) {
    return End(now, absl::StrCat("status ", reader_.status(), ": ", *body));
  }
  if (!events_.error().empty()) return End(now, events_.error());
  if (events_.done() || reader_.done()) {
    End(now, events_.done() ? "" : "no data: [DONE]");
  }
}

void Lane::End(absl::Duration now, std::string error) {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  unsent_.clear();
  Answer& answer = answers_.back();
  answer.end = now;
  answer.status = reader_.status();
  answer.completion_tokens = events_.completion_tokens();
  answer.error = std::move(error);
  if (next_ < requests_.size()) next_begin_ = now + requests_[next_].delay;
}

void Lane::Advance(absl::Duration now) {
  if (fd_ < 0 && next_ < requests_.size() && now >= next_begin_) Begin(now);
  if (fd_ < 0) return;
  Send();
  Receive(now);
}

void Lane::Stop(absl::Duration now) {
  next_ = requests_.size();
  if (fd_ >= 0) End(now, "stopped");
}

}  // namespace tessera::serve_benchmark
