#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "tools/cli/command.h"

namespace tessera::cli {

// tessera convert INPUT OUTPUT: GGUF to safetensors and back.
absl::Status RunConvert(absl::Span<const std::string> args,
                        const Environment& environment);

}  // namespace tessera::cli
