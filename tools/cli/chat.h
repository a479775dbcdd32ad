#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "tools/cli/command.h"

namespace tessera::cli {

// tessera chat: talks in the terminal. With no terminal on standard input:
// answers one question, with its speeds.
absl::Status RunChat(absl::Span<const std::string> args,
                     const Environment& environment);

}  // namespace tessera::cli
