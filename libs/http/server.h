// Server: HTTP/1.1, many connections on few threads (Boost.Beast).
//
//   ASSIGN_OR_RETURN(auto server, Server::Start(options, [](Request request,
//       std::shared_ptr<Exchange> exchange) {
//     exchange->Send({.status = 200, .body = "hello"});
//   }));
//
// Knows nothing of what it serves. What a stranger sends is checked here:
// lengths, smuggling (length and chunked together), sizes of header and body,
// time to send either, connections at once; 400, 408, 413, 431 or 503 answer it
// (their bodies by options.error_body). RFC 9112.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tessera::http {

struct ServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;  // 0: any free one
  int num_threads = 1;
  int max_connections = 16384;
  int64_t max_header_bytes = 32 << 10;
  int64_t max_body_bytes = 16 << 20;
  absl::Duration header_timeout = absl::Seconds(15);  // whole header
  absl::Duration body_timeout = absl::Seconds(60);    // whole body
  absl::Duration idle_timeout = absl::Seconds(120);   // between requests
  // A peer that does not read: disconnected once so much waits to be sent, or
  // once nothing could be sent for so long.
  int64_t max_send_bytes = 1 << 20;
  absl::Duration send_timeout = absl::Seconds(60);
  // Body and content type of the server's own error answers.
  std::function<std::pair<std::string, std::string>(int status,
                                                    absl::string_view message)>
      error_body;

  absl::Status Validate() const;
};

using Header = std::pair<std::string, std::string>;

struct Request {
  std::string method;           // "GET"
  std::string path;             // decoded, without the query
  std::string query;            // after '?', as sent
  std::vector<Header> headers;  // names in lower case
  std::string body;
  std::string peer;  // "127.0.0.1:5000"

  // The header's value; empty where there is none.
  absl::string_view header(absl::string_view lower_case_name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<Header> headers;  // more of them
  std::string body;
};

// One request's answer. Any thread may call it; what is sent goes out in order
// on the connection's own thread. Dropping the last reference before an answer
// was begun sends 500; after a stream was begun, closes the connection.
class Exchange {
 public:
  virtual ~Exchange() = default;

  // The whole answer.
  virtual void Send(Response response) = 0;

  // An answer in pieces (chunked): its status and headers, body ignored...
  virtual void Begin(Response head) = 0;
  // ...each piece, never empty... False: the peer is gone (or too slow and so
  // disconnected), nobody will read more.
  virtual bool Write(std::string piece) = 0;
  // ...and its end.
  virtual void Finish() = 0;

  // Calls `closed` once if the peer hangs up, or is disconnected, before the
  // answer was sent whole; at once if that has happened. On a thread of the
  // server's.
  virtual void OnClosed(std::function<void()> closed) = 0;
};

// Runs on a thread of the server's, so does not block.
using Handler =
    std::function<void(Request request, std::shared_ptr<Exchange> exchange)>;

class Server {
 public:
  // Listens when this returns. Unavailable, naming the address: it cannot.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options, Handler handler);
  // Stop()s.
  virtual ~Server() = default;

  virtual int port() const = 0;
  virtual int num_connections() const = 0;
  // No new connections; those there are go on, and close after their answer.
  virtual void StopAccepting() = 0;
  // Closes every connection, ends the threads.
  virtual void Stop() = 0;
};

}  // namespace tessera::http
