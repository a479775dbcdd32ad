// Opens a checkpoint and makes a running Model of it.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/checkpoint/gguf_reader.h"
#include "libs/model/model.h"

namespace tessera::model {

// Errors name the file, and the key or tensor. The mapped pages of the weights
// are released: afterwards only the packed ones take memory.
absl::StatusOr<std::unique_ptr<Model>> LoadModel(const GgufFile& file,
                                                 const ModelOptions& options);

}  // namespace tessera::model
