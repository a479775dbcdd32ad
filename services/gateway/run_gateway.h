// The gateway as a process of its own: flags -> options -> run.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace tessera::gateway {

// Serves before the verifiers at the addresses given, until it is told to stop.
absl::Status RunGateway(absl::Span<const std::string> args);

}  // namespace tessera::gateway
