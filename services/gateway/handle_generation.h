// POST /v1/chat/completions and /v1/completions.
#pragma once

#include <memory>

#include "services/gateway/gateway_state.h"

namespace tessera::gateway {

void HandleChat(const std::shared_ptr<GatewayState>& state, Visit visit);
void HandleCompletion(const std::shared_ptr<GatewayState>& state, Visit visit);

}  // namespace tessera::gateway
