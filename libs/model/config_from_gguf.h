// Reads a ModelConfig from the metadata and the tensor list of a GGUF file.
#pragma once

#include "absl/status/statusor.h"
#include "libs/checkpoint/gguf_reader.h"
#include "libs/model/config.h"

namespace tessera::model {

// NotFound, InvalidArgument: a key is missing or has the wrong type or value;
// the message names the file and the key. Unimplemented: an architecture, or a
// feature of one, that is not supported, with those that are.
absl::StatusOr<ModelConfig> ReadGgufConfig(const GgufFile& file);

}  // namespace tessera::model
