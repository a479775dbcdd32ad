// A command of the `tessera` binary.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tessera::cli {

// What main() reads from the process's environment, for nothing below does.
struct Environment {
  std::string default_model;  // the model that tools/up fetched; may be missing
};

struct Command {
  absl::string_view name;
  absl::string_view summary;  // one line, for `tessera --help`
  // args: what followed the command's name. An InvalidArgument is about them
  // or about what they name.
  absl::Status (*run)(absl::Span<const std::string> args,
                      const Environment& environment);
};

}  // namespace tessera::cli
