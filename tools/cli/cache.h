#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "tools/cli/command.h"

namespace tessera::cli {

// tessera cache stats|clear|warm FILE: what a store of prefixes holds, emptying
// it, and filling the caches of a server.
absl::Status RunCache(absl::Span<const std::string> args,
                      const Environment& environment);

}  // namespace tessera::cli
