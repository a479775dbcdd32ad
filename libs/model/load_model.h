// Makes a running Model of a checkpoint.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/model/model.h"

namespace tessera::model {

// The configuration, whatever the checkpoint's format.
absl::StatusOr<ModelConfig> ReadConfig(const Checkpoint& checkpoint);

// Errors name the file, and the key or tensor: those of ReadConfig and
// LoadWeights; Unimplemented where the checkpoint has a tensor that the
// architecture, as we know it, does not use. The weights' mapped pages are
// released: afterwards only the packed ones take memory.
absl::StatusOr<std::unique_ptr<Model>> LoadModel(Checkpoint& checkpoint,
                                                 const ModelOptions& options);

}  // namespace tessera::model
