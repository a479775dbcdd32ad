#include "libs/rpc/channel.h"

#include "grpcpp/create_channel.h"
#include "libs/base/status_macros.h"

namespace tessera::rpc {
namespace {

// As the server allows (server.cc).
constexpr int kKeepaliveMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 5'000;
// A server that comes back is found within a second.
constexpr int kMinBackoffMs = 100;
constexpr int kMaxBackoffMs = 1'000;
// Of bulk: a block of keys and values (720 KB for the default model) is a few
// frames, and the peer need not be asked for leave in its middle.
constexpr int kBulkWindowBytes = 8 << 20;
constexpr int kBulkFrameBytes = 1 << 20;
constexpr int kBulkReadBytes = 256 << 10;

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(
    const std::string& address, const ChannelOptions& options) {
  ASSIGN_OR_RETURN(const auto credentials, ClientCredentials(options.tls));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  arguments.SetMaxSendMessageSize(options.max_message_bytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kMinBackoffMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kMinBackoffMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxBackoffMs);
  // Each channel has connections of its own, so that closing one is its end.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (options.is_bulk) {
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kBulkWindowBytes);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kBulkFrameBytes);
    arguments.SetInt(GRPC_ARG_TCP_READ_CHUNK_SIZE, kBulkReadBytes);
  }
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

}  // namespace tessera::rpc
