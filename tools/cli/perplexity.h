#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "tools/cli/command.h"

namespace tessera::cli {

// tessera perplexity --file F: how well the model predicts a text.
absl::Status RunPerplexity(absl::Span<const std::string> args,
                           const Environment& environment);

}  // namespace tessera::cli
