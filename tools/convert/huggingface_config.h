// The config.json of a checkpoint that we write.
#pragma once

#include "absl/status/statusor.h"
#include "libs/model/config.h"
#include "libs/tensor/dtype.h"
#include "libs/tokenizer/vocabulary.h"
#include "nlohmann/json.hpp"

namespace tessera::convert {

// `dtype`: of the matrices. `attention_bias`: query, key and value have one.
// Unimplemented: RoPE factors that config.json has no fields for.
absl::StatusOr<nlohmann::json> ToHuggingFaceConfig(
    const model::ModelConfig& config, DType dtype, bool attention_bias,
    const tokenizer::Vocabulary& vocabulary);

}  // namespace tessera::convert
