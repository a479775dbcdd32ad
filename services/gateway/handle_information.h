// What the gateway tells of itself and of its model.
#pragma once

#include <memory>

#include "services/gateway/gateway_state.h"

namespace tessera::gateway {

// GET /health: 200 when the model can answer; 503 while it is loading or the
// gateway is draining.
void HandleHealth(const std::shared_ptr<GatewayState>& state, Visit visit);
// GET /v1/models, /v1/models/NAME.
void HandleModels(const std::shared_ptr<GatewayState>& state, Visit visit);
void HandleModel(const std::shared_ptr<GatewayState>& state, Visit visit);
// GET /version, /metrics, and the static files.
void HandleVersion(const std::shared_ptr<GatewayState>& state, Visit visit);
void HandleMetrics(const std::shared_ptr<GatewayState>& state, Visit visit);
void HandleStaticFile(const std::shared_ptr<GatewayState>& state, Visit visit);

}  // namespace tessera::gateway
