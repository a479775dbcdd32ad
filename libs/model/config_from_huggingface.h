// Reads a ModelConfig from a Hugging Face config.json.
#pragma once

#include "absl/status/statusor.h"
#include "libs/checkpoint/model_directory.h"
#include "libs/model/config.h"

namespace tessera::model {

// NotFound, InvalidArgument: a field is missing or has the wrong type or value;
// the message names the directory and the field. Unimplemented: a model_type,
// or a feature of one, that is not supported, with those that are. Fields that
// the file leaves out take the defaults of transformers' configuration classes.
absl::StatusOr<ModelConfig> ReadHuggingFaceConfig(
    const ModelDirectory& directory);

}  // namespace tessera::model
