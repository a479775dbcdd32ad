// The speculator as a process of its own: flags -> options -> run.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace tessera::speculator {

// Serves until it is told to stop.
absl::Status RunSpeculator(absl::Span<const std::string> args,
                           const std::string& default_model);

}  // namespace tessera::speculator
