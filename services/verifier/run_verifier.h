// The verifier as a process of its own: flags -> options -> run.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace tessera::verifier {

// Serves until it is told to stop. default_model: where --model is not given.
absl::Status RunVerifier(absl::Span<const std::string> args,
                         const std::string& default_model);

}  // namespace tessera::verifier
