// ReadRequest: a request's body, and the model that it is for.
#pragma once

#include <functional>
#include <memory>

#include "libs/json/json_field.h"
#include "services/gateway/gateway_state.h"
#include "services/gateway/served_model.h"

namespace tessera::gateway {

// Parses the body and calls `read` with it and the served model; now, or on the
// verifier's thread if the model is not known yet. Answers 400 for what is no
// JSON, 503 where there is no model.
void ReadRequest(const std::shared_ptr<GatewayState>& state, Visit visit,
                 std::function<void(const Visit& visit, const JsonField& root,
                                    const ServedModel& model)>
                     read);

// Answers with the error.
void SendError(const Visit& visit, const absl::Status& status);

}  // namespace tessera::gateway
