// Server: HTTP/1.1, many connections on few threads (Boost.Beast).
//
//   ASSIGN_OR_RETURN(auto server, Server::Start(options, [](Request request,
//       std::shared_ptr<Exchange> exchange) {
//     exchange->Send({.status = 200, .body = "hello"});
//   }));
//
// Knows nothing of what it serves. What a stranger sends is checked here:
// lengths, smuggling (length and chunked together), sizes of header and body,
// time to send either, connections at once; 400, 408, 413, 417, 431, 501 or 503
// answer it (their bodies by options.error_body), and the connection is closed
// after it. RFC 9112.
//
// Requests of one connection are answered one at a time, in order; those that
// come early wait unread beyond max_header_bytes.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "libs/http/exchange.h"
#include "libs/http/message.h"
#include "libs/http/server_options.h"

namespace tessera::http {

class Server {
 public:
  // Listens when this returns. Raises the process's soft limit on open files to
  // its hard limit. Unavailable, naming the address: it cannot listen there.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options, Handler handler);
  // Stop()s.
  virtual ~Server() = default;

  virtual int port() const = 0;
  // Open ones, those counted that only wait to be closed.
  virtual int num_connections() const = 0;
  // Soon there are no new connections; those there are go on, and close after
  // their answer, idle ones at once.
  virtual void StopAccepting() = 0;
  // Closes every connection, ends the threads. Not from a handler.
  virtual void Stop() = 0;
};

}  // namespace tessera::http
