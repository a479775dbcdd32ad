#include "libs/rpc/server.h"

#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "libs/base/status_macros.h"

namespace tessera::rpc {
namespace {

// A peer that is gone without a word is found within half a minute.
constexpr int kKeepaliveMs = 20'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
// Clients may ping as often as they do here (channel.cc).
constexpr int kMinPingIntervalMs = 5'000;

void TurnPluginsOn() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

}  // namespace

absl::Status ServerOptions::Validate() const {
  if (listen.rfind(':') == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "listen is \"", listen, "\": must be HOST:PORT, such as 127.0.0.1:0"));
  }
  if (max_message_bytes < 1 << 10 || max_message_bytes > 1 << 30) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_message_bytes is ", max_message_bytes,
                     ": must be from 1 KiB to 1 GiB"));
  }
  return tls.Validate();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    const ServerOptions& options, std::vector<NamedService> services) {
  RETURN_IF_ERROR(options.Validate());
  TurnPluginsOn();
  ASSIGN_OR_RETURN(const auto credentials, ServerCredentials(options.tls));
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.listen, credentials, &port);
  builder.SetMaxReceiveMessageSize(options.max_message_bytes);
  builder.SetMaxSendMessageSize(options.max_message_bytes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             kKeepaliveTimeoutMs);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      kMinPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Two servers on one port would share its calls by chance.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  for (const NamedService& named : services) {
    builder.RegisterService(named.service);
  }
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", options.listen,
                     " (taken by another process, or not an address of this "
                     "machine)"));
  }
  return std::unique_ptr<Server>(
      new Server(std::move(server), port, std::move(services)));
}

Server::Server(std::unique_ptr<grpc::Server> server, int port,
               std::vector<NamedService> services)
    : server_(std::move(server)), port_(port), services_(std::move(services)) {
  SetServing(false);
}

Server::~Server() { Shutdown(absl::ZeroDuration()); }

void Server::SetServing(bool serving) {
  for (const NamedService& named : services_) {
    server_->GetHealthCheckService()->SetServingStatus(named.full_name,
                                                       serving);
  }
}

void Server::Shutdown(absl::Duration drain) {
  SetServing(false);
  server_->Shutdown(absl::ToChronoTime(absl::Now() + drain));
  server_->Wait();
}

}  // namespace tessera::rpc
