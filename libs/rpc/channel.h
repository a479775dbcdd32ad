// A channel to a server: bounded messages, keepalive, quick reconnection.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "libs/rpc/tls.h"

namespace tessera::rpc {

struct ChannelOptions {
  TlsOptions tls;
  int64_t max_message_bytes = 16 << 20;
  // Large windows, frames and reads, for blocks rather than words.
  bool is_bulk = false;
};

// Connects in its own time; calls before that fail with Unavailable rather
// than wait. Errors as ClientCredentials'.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(
    const std::string& address, const ChannelOptions& options);

}  // namespace tessera::rpc
