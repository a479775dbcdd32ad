// ReadPromptTexts: the texts of prompts, to echo them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/verifier.pb.h"
#include "services/verifier/client/verifier_client.h"

namespace tessera::gateway {

// Calls `read` once with a text a call: a text prompt's own; of token ids what
// the verifier says. At once if it need not be asked, else on its thread.
void ReadPromptTexts(
    const std::vector<verifier::v1::GenerateRequest>& calls,
    verifier::VerifierClient* client,
    std::function<void(absl::StatusOr<std::vector<std::string>>)> read);

}  // namespace tessera::gateway
