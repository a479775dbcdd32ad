// Writes a model's shape as GGUF metadata.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/checkpoint/gguf_header.h"
#include "libs/model/config.h"
#include "libs/tensor/dtype.h"

namespace tessera::model {

// Adds general.* and the architecture's fields, such that ReadGgufConfig gives
// the same config, with interleaved rows for llama. Unimplemented, naming the
// field: what GGUF cannot say.
absl::Status AddConfig(const ModelConfig& config, DType matrix_dtype,
                       GgufHeader& header);

// Adds general.file_type and what goes with it.
void AddFileType(DType matrix_dtype, GgufHeader& header);

// The tensor rope_freqs.weight that goes with it: empty where there is none.
absl::StatusOr<std::vector<float>> RopeFactors(const ModelConfig& config);

}  // namespace tessera::model
