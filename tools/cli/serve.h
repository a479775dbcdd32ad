// `tessera serve`: gateway and verifier in one process.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "tools/cli/command.h"

namespace tessera::cli {

absl::Status RunServe(absl::Span<const std::string> args,
                      const Environment& environment);

}  // namespace tessera::cli
