// Checkpoints for `tessera inspect`.
#pragma once

#include "libs/checkpoint/checkpoint.h"
#include "tools/cli/inspection.h"

namespace tessera::cli {

// What the files hold; `refusals` is left to the caller.
Inspection InspectCheckpoint(const Checkpoint& checkpoint);

}  // namespace tessera::cli
