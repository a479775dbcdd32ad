#include "libs/http/listener.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace tessera::http {
namespace {

// Connections past max_connections that are told so at a time; the rest are
// closed without a word.
constexpr int kMaxRefused = 256;
// Before the next try, when the process has no file left.
constexpr std::chrono::milliseconds kPause{50};

void SetOption(int socket, int level, int option, int value) {
  ::setsockopt(socket, level, option, &value, sizeof(value));
}

}  // namespace

Listener::Listener(int socket, std::shared_ptr<ServerParts> parts,
                   std::vector<Loop*> loops)
    : parts_(std::move(parts)),
      loops_(std::move(loops)),
      descriptor_(loops_[0]->context(), socket),
      pause_(loops_[0]->context()) {}

void Listener::Close() {
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  pause_.cancel();
}

void Listener::Accept() {
  if (!descriptor_.is_open()) return;
  descriptor_.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      [self = shared_from_this()](const boost::system::error_code& error) {
        if (error) return;
        while (self->descriptor_.is_open()) {
          if (!self->AcceptOne()) return;
        }
      });
}

// False: no more for now, and the next wait has begun.
bool Listener::AcceptOne() {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  const int socket = ::accept4(descriptor_.native_handle(),
                               reinterpret_cast<sockaddr*>(&address), &size,
                               SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket >= 0) {
    HandOut(socket, address);
    return true;
  }
  switch (errno) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      WaitForFreeFile();
      return false;
    case EAGAIN:
      Accept();
      return false;
    default:  // that connection's own trouble
      return true;
  }
}

// The connection stays in the queue, so waiting for it would end at once.
void Listener::WaitForFreeFile() {
  pause_.expires_after(kPause);
  pause_.async_wait(
      [self = shared_from_this()](const boost::system::error_code& error) {
        if (!error) self->Accept();
      });
}

void Listener::HandOut(int socket, const sockaddr_storage& address) {
  const int max_connections = parts_->options->max_connections;
  const int num_before = parts_->num_connections.load();
  if (num_before >= max_connections + kMaxRefused) {
    ::close(socket);
    return;
  }
  parts_->num_connections.fetch_add(1);
  // An answer's last piece is not to wait for the acknowledgement of the one
  // before.
  SetOption(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  Loop* const loop = loops_[next_loop_];
  next_loop_ = (next_loop_ + 1) % loops_.size();
  loop->Post([loop, socket, peer = NameOf(address).text,
              is_refused = num_before >= max_connections] {
    loop->Adopt(socket, peer, is_refused);
  });
}

}  // namespace tessera::http
