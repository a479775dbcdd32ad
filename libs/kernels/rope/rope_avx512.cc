// Sixteen pairs at a time, the last ones of a head under a mask.
#include <immintrin.h>

#include "libs/kernels/rope/rope_heads.h"

namespace tessera::kernels {
namespace {

inline void RotatePairs(float* x_at, float* y_at, __m512 cos, __m512 sin,
                        __mmask16 lanes) {
  const __m512 x = _mm512_maskz_loadu_ps(lanes, x_at);
  const __m512 y = _mm512_maskz_loadu_ps(lanes, y_at);
  _mm512_mask_storeu_ps(
      x_at, lanes, _mm512_sub_ps(_mm512_mul_ps(x, cos), _mm512_mul_ps(y, sin)));
  _mm512_mask_storeu_ps(
      y_at, lanes, _mm512_add_ps(_mm512_mul_ps(y, cos), _mm512_mul_ps(x, sin)));
}

}  // namespace

void RotateAvx512(const RopeHeads& heads) {
  const int64_t half = heads.rotary_dim / 2;
  for (int64_t i = 0; i < half; i += 16) {
    const __mmask16 lanes =
        half - i >= 16 ? 0xffff
                       : static_cast<__mmask16>((1u << (half - i)) - 1);
    const __m512 cos = _mm512_maskz_loadu_ps(lanes, heads.cos + i);
    const __m512 sin = _mm512_maskz_loadu_ps(lanes, heads.sin + i);
    for (int64_t h = 0; h < heads.num_heads; ++h) {
      float* head = heads.heads + h * heads.head_dim + i;
      RotatePairs(head, head + half, cos, sin, lanes);
    }
  }
}

}  // namespace tessera::kernels
