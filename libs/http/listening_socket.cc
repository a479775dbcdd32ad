#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "libs/http/listener.h"

namespace tessera::http {
namespace {

constexpr int kBacklog = 4096;  // the kernel's own bound, by default

// Closed unless taken.
class OwnedSocket {
 public:
  explicit OwnedSocket(int socket) : socket_(socket) {}
  ~OwnedSocket() {
    if (socket_ >= 0) ::close(socket_);
  }
  int get() const { return socket_; }
  int Take() { return std::exchange(socket_, -1); }

 private:
  int socket_;
};

absl::Status Error(const ServerOptions& options, absl::string_view why) {
  return absl::UnavailableError(absl::StrCat(
      "cannot listen on ", options.address, ":", options.port, ": ", why));
}

absl::StatusOr<int> Listen(const ServerOptions& options,
                           const addrinfo& address) {
  OwnedSocket socket(::socket(address.ai_family,
                              SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (socket.get() < 0 ||
      ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
      // Connections inherit it.
      (options.socket_send_bytes > 0 &&
       ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF,
                    &options.socket_send_bytes,
                    sizeof(options.socket_send_bytes))) ||
      ::bind(socket.get(), address.ai_addr, address.ai_addrlen) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return Error(options, std::strerror(errno));
  }
  return socket.Take();
}

}  // namespace

absl::StatusOr<int> OpenListeningSocket(const ServerOptions& options) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* addresses = nullptr;
  const int error =
      ::getaddrinfo(options.address.c_str(), absl::StrCat(options.port).c_str(),
                    &hints, &addresses);
  if (error != 0) return Error(options, ::gai_strerror(error));
  absl::StatusOr<int> socket = Listen(options, *addresses);
  ::freeaddrinfo(addresses);
  return socket;
}

SocketName NameOf(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    const int port = ntohs(v6.sin6_port);
    return {absl::StrCat("[", text, "]:", port), port};
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
  ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
  const int port = ntohs(v4.sin_port);
  return {absl::StrCat(text, ":", port), port};
}

int LocalPort(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return NameOf(address).port;
}

}  // namespace tessera::http
