// Every command, and the choice among them.
#pragma once

#include <string>

#include "absl/types/span.h"
#include "tools/cli/command.h"

namespace tessera::cli {

// Runs the command that args[0] names on the rest; `help` and --help are
// answered here. Returns the process's exit status: 0; 1 for a failure; 2
// where there is no such command. Errors go to standard error.
int RunCommand(absl::Span<const std::string> args,
               const Environment& environment);

}  // namespace tessera::cli
