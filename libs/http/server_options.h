// ServerOptions: where a server listens, and what it allows a peer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/http/message.h"

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
  // A peer that does not read: disconnected once so much of a stream waits to
  // be sent, or once nothing could be sent for so long.
  int64_t max_send_bytes = 1 << 20;
  absl::Duration send_timeout = absl::Seconds(60);
  // What the kernel holds besides for each such peer; by itself it would let
  // that grow to megabytes. 0: let it.
  int socket_send_bytes = 256 << 10;
  // After an answer that closes the connection, what the peer still sends is
  // read and dropped for so long, so that it gets to see the answer.
  absl::Duration linger_timeout = absl::Seconds(5);
  // Body and content type of the server's own error answers; by default the
  // message, as plain text. Called on any thread.
  std::function<std::pair<std::string, std::string>(int status,
                                                    absl::string_view message)>
      error_body;

  // InvalidArgument, naming the member: out of its range.
  absl::Status Validate() const;

  // The server's own answer of that status.
  Response ErrorResponse(int status, absl::string_view message) const;
};

}  // namespace tessera::http
