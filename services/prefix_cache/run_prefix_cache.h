// The store as a process of its own: flags -> options -> run.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace tessera::prefix_cache {

// Serves until it is told to stop.
absl::Status RunPrefixCache(absl::Span<const std::string> args);

}  // namespace tessera::prefix_cache
