#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "tools/cli/command.h"

namespace tessera::cli {

// tessera complete -p TEXT: continues a text.
absl::Status RunComplete(absl::Span<const std::string> args,
                         const Environment& environment);

}  // namespace tessera::cli
