// What every version of RoPE's rotation takes; rope.h is the contract.
#pragma once

#include <cstdint>

namespace tessera::kernels {

struct RopeHeads {
  float* heads;  // [num_heads, head_dim], rotated in place
  int64_t num_heads;
  int64_t head_dim;
  int64_t rotary_dim;  // even, at most head_dim; the rest of a head stays
  const float* cos;    // [rotary_dim / 2], of the token's position
  const float* sin;    // [rotary_dim / 2]
};

void RotateReference(const RopeHeads& heads);
void RotateAvx2(const RopeHeads& heads);
void RotateAvx512(const RopeHeads& heads);

}  // namespace tessera::kernels
