#include "libs/model/convert/llama3_factors.h"

#include <algorithm>
#include <cmath>

#include "libs/base/status_macros.h"

namespace tessera::model {
namespace {

// Both sides compute in single precision, in their own order.
constexpr float kTolerance = 1e-5f;

}  // namespace

absl::StatusOr<std::vector<float>> FactorsOfLlama3(
    const kernels::RopeConfig& rope) {
  kernels::RopeConfig plain = rope;
  plain.scaling = std::monostate();
  ASSIGN_OR_RETURN(const kernels::RopeFrequencies scaled,
                   kernels::RopeFrequencies::Create(rope));
  ASSIGN_OR_RETURN(const kernels::RopeFrequencies unscaled,
                   kernels::RopeFrequencies::Create(plain));
  std::vector<float> factors(rope.rotary_dim / 2);
  for (size_t i = 0; i < factors.size(); ++i) {
    factors[i] =
        unscaled.inverse_frequencies()[i] / scaled.inverse_frequencies()[i];
  }
  return factors;
}

std::optional<kernels::Llama3RopeScaling> Llama3OfFactors(
    const kernels::RopeConfig& rope, const std::vector<float>& factors) {
  if (factors.empty()) return std::nullopt;
  kernels::Llama3RopeScaling scaling;
  scaling.factor = *std::max_element(factors.begin(), factors.end());
  scaling.low_freq_factor = 1;
  scaling.high_freq_factor = 4;
  scaling.original_context = 8192;
  kernels::RopeConfig candidate = rope;
  candidate.scaling = scaling;
  const absl::StatusOr<std::vector<float>> expected =
      FactorsOfLlama3(candidate);
  if (!expected.ok() || expected->size() != factors.size()) return std::nullopt;
  for (size_t i = 0; i < factors.size(); ++i) {
    if (!(std::fabs(factors[i] / (*expected)[i] - 1) < kTolerance)) {
      return std::nullopt;
    }
  }
  return scaling;
}

}  // namespace tessera::model
