// Gateway: the OpenAI-compatible API over HTTP, before one verifier or several
// (verifier_pool.h).
//
//   ASSIGN_OR_RETURN(auto gateway, Gateway::Create(options, &client,
//   &registry)); RETURN_IF_ERROR(gateway->Start());
//   ...
//   gateway->BeginDrain();
//   while (gateway->num_active() > 0 && ...) absl::SleepFor(...);
//   gateway->Stop();
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/http/server.h"
#include "libs/metrics/metrics.h"
#include "services/gateway/gateway_options.h"
#include "services/gateway/gateway_state.h"
#include "services/verifier/client/verifier_client.h"

namespace tessera::gateway {

class Gateway {
 public:
  // `client` and `registry` outlive the gateway and the client's last callback.
  // Errors: options.Validate()'s, or of the files of keys and secret.
  static absl::StatusOr<std::unique_ptr<Gateway>> Create(
      GatewayOptions options, verifier::VerifierClient* client,
      metrics::Registry* registry);
  // Stop()s.
  ~Gateway();

  // Listens, before the model is loaded too: 503 until it is.
  absl::Status Start();
  int port() const { return server_->port(); }

  // Reads the key file anew (SIGHUP). An error, which is logged, leaves the
  // keys as they were.
  absl::Status ReloadKeys();

  // From now on /health and new generations are answered 503; running ones go
  // on.
  void BeginDrain();
  // Generations not answered whole.
  int num_active() const { return state_->active.num_active(); }

  // Ends the server. Answers that are complete get a second to be sent;
  // generations that run are cancelled.
  void Stop();

 private:
  explicit Gateway(std::shared_ptr<GatewayState> state)
      : state_(std::move(state)) {}

  const std::shared_ptr<GatewayState> state_;
  std::shared_ptr<http::Server> server_;  // null before Start, after Stop
};

}  // namespace tessera::gateway
