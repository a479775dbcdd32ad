// What the handlers of requests share, and what they are handed.
#pragma once

#include <atomic>
#include <memory>

#include "libs/http/server.h"
#include "libs/metrics/metrics.h"
#include "services/gateway/active_requests.h"
#include "services/gateway/api_keys.h"
#include "services/gateway/caller_salt.h"
#include "services/gateway/gateway_metrics.h"
#include "services/gateway/gateway_options.h"
#include "services/gateway/model_watch.h"
#include "services/gateway/observed_exchange.h"
#include "services/verifier/client/verifier_client.h"

namespace tessera::gateway {

// Thread-safe. Held by whatever waits for a verifier's answer.
struct GatewayState {
  GatewayState(GatewayOptions gateway_options,
               std::unique_ptr<KeyRing> key_ring, CallerSalts caller_salts,
               verifier::VerifierClient* verifier_client,
               metrics::Registry* metrics_registry)
      : options(std::move(gateway_options)),
        keys(std::move(key_ring)),
        salts(std::move(caller_salts)),
        client(verifier_client),
        registry(metrics_registry),
        models(verifier_client, options.model_aliases),
        active(options.max_requests_per_key),
        metrics(metrics_registry) {}

  const GatewayOptions options;
  const std::unique_ptr<KeyRing> keys;
  const CallerSalts salts;
  verifier::VerifierClient* const client;
  metrics::Registry* const registry;
  ModelWatch models;
  ActiveRequests active;
  GatewayMetrics metrics;
  std::atomic<bool> is_draining = false;
};

// One request, under way.
struct Visit {
  http::Request request;
  std::shared_ptr<ObservedExchange> exchange;
  Caller caller;
};

// Does not block; answers the exchange, now or later.
using VisitHandler = void (*)(const std::shared_ptr<GatewayState>& state,
                              Visit visit);

}  // namespace tessera::gateway
