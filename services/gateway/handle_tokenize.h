// POST /tokenize and /detokenize, spelled as vLLM spells them.
#pragma once

#include <memory>

#include "services/gateway/gateway_state.h"

namespace tessera::gateway {

void HandleTokenize(const std::shared_ptr<GatewayState>& state, Visit visit);
void HandleDetokenize(const std::shared_ptr<GatewayState>& state, Visit visit);

}  // namespace tessera::gateway
