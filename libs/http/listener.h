// Listener: a listening socket, and the loops that its connections go to.
//
// Includes Boost: for server.cc alone.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "boost/asio/posix/stream_descriptor.hpp"
#include "boost/asio/steady_timer.hpp"
#include "libs/http/loop.h"

namespace tessera::http {

// A listening socket of options.address and port.
// Unavailable, naming the address: it cannot be.
absl::StatusOr<int> OpenListeningSocket(const ServerOptions& options);

// Where the socket is, or its peer: "127.0.0.1:5000", "[::1]:5000".
struct SocketName {
  std::string text;
  int port = 0;
};
SocketName NameOf(const sockaddr_storage& address);
int LocalPort(int socket);

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  // Owns the socket. Accepts on loops[0]'s thread; connections take turns over
  // the loops.
  Listener(int socket, std::shared_ptr<ServerParts> parts,
           std::vector<Loop*> loops);

  // On loops[0]'s thread.
  void Accept();
  void Close();

 private:
  bool AcceptOne();
  void HandOut(int socket, const sockaddr_storage& address);
  void WaitForFreeFile();

  const std::shared_ptr<ServerParts> parts_;
  const std::vector<Loop*> loops_;
  size_t next_loop_ = 0;
  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer pause_;
};

}  // namespace tessera::http
