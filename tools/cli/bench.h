#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "tools/cli/command.h"

namespace tessera::cli {

// tessera bench: tokens a second of prompts and of generation, with
// llama-bench's flags, table and JSON fields.
absl::Status RunBench(absl::Span<const std::string> args,
                      const Environment& environment);

}  // namespace tessera::cli
