// Distributions, noise and draws for tests and experiments: plain loops.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tessera::speculation {

struct ToyCut {
  double temperature = 1;  // 0: all on the largest
  int top_k = 0;           // 0: all
  double top_p = 1;
};

// The softmax of logits / temperature, cut, and normalized again.
std::vector<float> ToyProbabilities(absl::Span<const double> logits,
                                    const ToyCut& cut);

// Uniform in (0, 1), a function of its arguments.
double ToyUniform(uint64_t seed, uint64_t position, uint64_t stream);

// Draws with Gumbel noise of (seed, position, token): who shares seed and
// position shares the noise.
int32_t ToyGumbelDraw(absl::Span<const float> probabilities, uint64_t seed,
                      uint64_t position);

}  // namespace tessera::speculation
