// GGUF files for `tessera inspect`.
#pragma once

#include "libs/checkpoint/gguf_reader.h"
#include "tools/cli/inspection.h"

namespace tessera::cli {

// What the file holds; `refusals` is left to the caller.
Inspection InspectGguf(const GgufFile& file);

}  // namespace tessera::cli
