// The gateway's flags, which `tessera serve` and the gateway alone share.
#pragma once

#include "libs/options/flags.h"
#include "services/gateway/gateway_options.h"

namespace tessera::gateway {

// Declares --host --port --http-threads --max-connections --max-header-bytes
// --max-body-bytes --header-timeout --body-timeout --idle-timeout
// --send-timeout --max-send-bytes --model-alias --api-keys --salt-secret
// --cors-origin --max-requests-per-key --max-request-tokens --log-prompts. What
// *options holds is their default.
void AddGatewayFlags(options::Flags* flags, GatewayOptions* options);

}  // namespace tessera::gateway
