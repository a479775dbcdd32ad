#include "services/gateway/gateway.h"

#include <utility>

#include "absl/time/clock.h"
#include "libs/base/status_macros.h"
#include "libs/log/log.h"
#include "services/gateway/api_error.h"
#include "services/gateway/caller_salt.h"
#include "services/gateway/handle_request.h"

namespace tessera::gateway {
namespace {

// Gauges are set when somebody looks.
void AddGauges(const std::shared_ptr<GatewayState>& state,
               const std::shared_ptr<http::Server>& server) {
  metrics::Gauge& connections = state->registry->AddGauge(
      "tessera_http_connections", "Open connections.");
  metrics::Gauge& running = state->registry->AddGauge(
      "tessera_gateway_requests_running", "Generations not answered whole.");
  state->registry->OnCollect([&connections, &running,
                              weak_state = std::weak_ptr(state),
                              weak_server = std::weak_ptr(server)] {
    const auto held_state = weak_state.lock();
    const auto held_server = weak_server.lock();
    if (held_state == nullptr || held_server == nullptr) return;
    running.Set(held_state->active.num_active());
    connections.Set(held_server->num_connections());
  });
}

absl::StatusOr<CallerSalts> OpenSalts(const GatewayOptions& options) {
  const bool has_keys = !options.api_keys_file.empty();
  if (has_keys && options.salt_secret_file.empty()) {
    log::Event(log::kInfo,
               "no --salt-secret FILE: what API keys have in a prefix store is "
               "not found after a restart, or by another gateway");
  }
  absl::StatusOr<CallerSalts> salts =
      CallerSalts::Open(options.salt_secret_file, has_keys);
  if (!salts.ok()) return Annotate(salts.status(), "--salt-secret");
  return salts;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Create(
    GatewayOptions options, verifier::VerifierClient* client,
    metrics::Registry* registry) {
  RETURN_IF_ERROR(options.Validate());
  ASSIGN_OR_RETURN(std::unique_ptr<KeyRing> keys,
                   KeyRing::Open(options.api_keys_file));
  ASSIGN_OR_RETURN(CallerSalts salts, OpenSalts(options));
  return std::unique_ptr<Gateway>(new Gateway(
      std::make_shared<GatewayState>(std::move(options), std::move(keys),
                                     std::move(salts), client, registry)));
}

Gateway::~Gateway() { Stop(); }

absl::Status Gateway::Start() {
  http::ServerOptions options = state_->options.http;
  options.error_body = ServerErrorBody;
  ASSIGN_OR_RETURN(
      std::unique_ptr<http::Server> server,
      http::Server::Start(
          options, [state = state_](http::Request request,
                                    std::shared_ptr<http::Exchange> exchange) {
            HandleRequest(state, std::move(request), std::move(exchange));
          }));
  server_ = std::move(server);
  AddGauges(state_, server_);
  return absl::OkStatus();
}

absl::Status Gateway::ReloadKeys() {
  const absl::Status status = state_->keys->Reload();
  if (status.ok()) {
    log::Event(log::kInfo, "API keys read anew");
  } else {
    log::Event(log::kError, "API keys not read: the old ones stay",
               {{"error", std::string(status.message())}});
  }
  return status;
}

void Gateway::BeginDrain() { state_->is_draining = true; }

void Gateway::Stop() {
  if (server_ == nullptr) return;
  server_->StopAccepting();
  const absl::Time end = absl::Now() + absl::Seconds(1);
  while (num_active() == 0 && server_->num_connections() > 0 &&
         absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  server_->Stop();
  server_.reset();
}

}  // namespace tessera::gateway
