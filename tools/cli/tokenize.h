#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "tools/cli/command.h"

namespace tessera::cli {

// tessera tokenize: text on standard input to token ids.
absl::Status RunTokenize(absl::Span<const std::string> args,
                         const Environment& environment);

}  // namespace tessera::cli
