// HandleRequest: one HTTP request, from its path to a handler.
#pragma once

#include <memory>

#include "libs/http/server.h"
#include "services/gateway/gateway_state.h"

namespace tessera::gateway {

// Checks path, method and API key; answers what is wrong with them, and pages
// of other origins. Does not block.
void HandleRequest(const std::shared_ptr<GatewayState>& state,
                   http::Request request,
                   std::shared_ptr<http::Exchange> exchange);

}  // namespace tessera::gateway
