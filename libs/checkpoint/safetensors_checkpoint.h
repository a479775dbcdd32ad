// Checkpoint over safetensors files; reached through OpenCheckpoint.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/checkpoint/checkpoint.h"

namespace tessera {

// The files' tensors together. InvalidArgument where two files hold the same.
absl::StatusOr<std::unique_ptr<Checkpoint>> OpenSafetensorsCheckpoint(
    const std::string& directory, const std::vector<std::string>& files);

// The files that `index_path` names. InvalidArgument besides where a file lacks
// a tensor that the index places in it.
absl::StatusOr<std::unique_ptr<Checkpoint>> OpenShardedCheckpoint(
    const std::string& directory, const std::string& index_path);

}  // namespace tessera
