// Llama 3's RoPE scaling as GGUF has it: a factor for each pair of dimensions.
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/kernels/rope/rope_frequencies.h"

namespace tessera::model {

// What each frequency of `rope`, which has Llama 3's scaling, is divided by:
// [rotary_dim / 2].
absl::StatusOr<std::vector<float>> FactorsOfLlama3(
    const kernels::RopeConfig& rope);

// The inverse, for factors of a published model (original context 8,192, low
// and high frequency factors 1 and 4). None where no `factor` gives them.
std::optional<kernels::Llama3RopeScaling> Llama3OfFactors(
    const kernels::RopeConfig& rope, const std::vector<float>& factors);

}  // namespace tessera::model
