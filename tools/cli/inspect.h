#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "tools/cli/command.h"

namespace tessera::cli {

// tessera inspect FILE: metadata, tensors, types, bytes, and what would be
// refused and why.
absl::Status RunInspect(absl::Span<const std::string> args,
                        const Environment& environment);

}  // namespace tessera::cli
