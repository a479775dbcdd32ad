// Checkpoint over a GGUF file; reached through OpenCheckpoint.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/checkpoint/checkpoint.h"

namespace tessera {

absl::StatusOr<std::unique_ptr<Checkpoint>> OpenGgufCheckpoint(
    const std::string& path);

}  // namespace tessera
