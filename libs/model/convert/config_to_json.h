// Writes the config.json of a Hugging Face checkpoint.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "libs/model/config.h"
#include "libs/tensor/dtype.h"
#include "nlohmann/json.hpp"

namespace tessera::model {

// What a config.json says besides the model's shape.
struct JsonConfigExtras {
  DType dtype = DType::kBF16;   // of the weights
  bool attention_bias = false;  // llama: on query, key, value and output
  std::optional<int32_t> bos;
  std::optional<int32_t> eos;
  std::optional<int32_t> padding;
};

// Such that ReadHuggingFaceConfig gives the same config, but for
// interleaved_rope. Unimplemented: RoPE factors that are not Llama 3's.
absl::StatusOr<nlohmann::json> ConfigToJson(const ModelConfig& config,
                                            const JsonConfigExtras& extras);

}  // namespace tessera::model
