// Server: the life of a gRPC server, the same for every service.
//
//   ASSIGN_OR_RETURN(auto server, rpc::Server::Start(options, {&service}));
//   server->SetServing(true);     // readiness: the model is loaded
//   ...
//   server->SetServing(false);    // draining: the balancer looks elsewhere
//   server->Shutdown(drain);      // running calls may end within `drain`
//
// Health (grpc.health.v1): "" is SERVING as long as the process lives; each
// service's full name is SERVING while SetServing says so. Reflection lists
// all. Messages are bounded, keepalive finds dead peers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/rpc/tls.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace tessera::rpc {

struct ServerOptions {
  std::string listen = "127.0.0.1:0";  // HOST:PORT; port 0: any free one
  TlsOptions tls;
  int64_t max_message_bytes = 16 << 20;

  absl::Status Validate() const;
};

struct NamedService {
  std::string full_name;   // "tessera.verifier.v1.Verifier"
  grpc::Service* service;  // outlives the server
};

class Server {
 public:
  // Listens when this returns; NOT_SERVING until SetServing. Unavailable,
  // naming the address: it cannot listen there.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options, std::vector<NamedService> services);
  // Shutdown(0).
  ~Server();

  int port() const { return port_; }
  void SetServing(bool serving);
  // Takes no new calls; those under way that have not ended after `drain` are
  // cancelled. Returns when all have ended.
  void Shutdown(absl::Duration drain);

 private:
  Server(std::unique_ptr<grpc::Server> server, int port,
         std::vector<NamedService> services);

  std::unique_ptr<grpc::Server> server_;
  int port_;
  std::vector<NamedService> services_;
};

}  // namespace tessera::rpc
