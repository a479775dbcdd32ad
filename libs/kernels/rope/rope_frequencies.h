// RopeFrequencies: how fast each pair of dimensions turns, with the published
// ways to stretch a model's context. rope.h applies the angles.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tessera::kernels {

// Every frequency over `factor`.
struct LinearRopeScaling {
  float factor = 1;
};

// Long waves over `factor`, short ones as they are, between them a mixture.
struct Llama3RopeScaling {
  float factor = 8;
  float low_freq_factor = 1;
  float high_freq_factor = 4;
  int64_t original_context = 8192;
};

// YaRN (Peng et al. 2023): alike, by rotations within the original context.
struct YarnRopeScaling {
  float factor = 1;
  int64_t original_context = 4096;
  float beta_fast = 32;  // pairs that rotate more often than this stay
  float beta_slow = 1;   // pairs that rotate less often are divided
  bool truncate = true;  // the bounds between them to whole pairs
  // Multiplies cos and sin; without it 0.1 ln(factor) + 1, or the quotient of
  // that for mscale and for mscale_all_dim where both are given.
  std::optional<float> attention_factor;
  std::optional<float> mscale;
  std::optional<float> mscale_all_dim;
};

// Frequency i over factors[i]: GGUF's tensor rope_freqs.weight.
struct ExplicitRopeScaling {
  std::vector<float> factors;  // [rotary_dim / 2]
};

using RopeScaling =
    std::variant<std::monostate, LinearRopeScaling, Llama3RopeScaling,
                 YarnRopeScaling, ExplicitRopeScaling>;

struct RopeConfig {
  float theta = 10000;  // the base
  int64_t rotary_dim = 0;
  RopeScaling scaling;
};

class RopeFrequencies {
 public:
  // InvalidArgument, naming the field: rotary_dim odd or not in [2, 65536];
  // a factor, theta or context that is not positive and finite; explicit
  // factors of another number than rotary_dim / 2.
  static absl::StatusOr<RopeFrequencies> Create(const RopeConfig& config);

  int64_t rotary_dim() const { return 2 * inverse_frequencies_.size(); }

  // Radians a position, [rotary_dim / 2]; single precision, in the order of
  // operations of Hugging Face's modeling_rope_utils, so that they are the
  // numbers that the model was trained with.
  absl::Span<const float> inverse_frequencies() const {
    return inverse_frequencies_;
  }

  // Multiplies cos and sin; 1 but for YaRN.
  float attention_factor() const { return attention_factor_; }

  // T positions.size(), at most any int32 that is not negative
  //   cos, sin  [T, rotary_dim / 2] f32
  // Angle, cosine and sine in double precision, rounded once: a row depends on
  // its position alone. About 1 us a position for 32 pairs.
  void ComputeCosSin(absl::Span<const int32_t> positions, float* cos,
                     float* sin) const;

 private:
  std::vector<float> inverse_frequencies_;
  float attention_factor_ = 1;
};

}  // namespace tessera::kernels
