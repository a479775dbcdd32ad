#include "libs/kernels/rope/rope_heads.h"

namespace tessera::kernels {

void RotateReference(const RopeHeads& heads) {
  const int64_t half = heads.rotary_dim / 2;
  for (int64_t h = 0; h < heads.num_heads; ++h) {
    float* head = heads.heads + h * heads.head_dim;
    for (int64_t i = 0; i < half; ++i) {
      const float x = head[i];
      const float y = head[i + half];
      head[i] = x * heads.cos[i] - y * heads.sin[i];
      head[i + half] = y * heads.cos[i] + x * heads.sin[i];
    }
  }
}

}  // namespace tessera::kernels
