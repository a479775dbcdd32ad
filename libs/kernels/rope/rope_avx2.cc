// Eight pairs at a time, the last ones of a head under a mask.
#include <immintrin.h>

#include "libs/kernels/rope/rope_heads.h"

namespace tessera::kernels {
namespace {

inline __m256i FirstLanes(int64_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const int clamped = count >= 8 ? 8 : static_cast<int>(count);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(clamped), lane);
}

inline void RotatePairs(float* x_at, float* y_at, __m256 cos, __m256 sin,
                        __m256i lanes) {
  const __m256 x = _mm256_maskload_ps(x_at, lanes);
  const __m256 y = _mm256_maskload_ps(y_at, lanes);
  _mm256_maskstore_ps(
      x_at, lanes, _mm256_sub_ps(_mm256_mul_ps(x, cos), _mm256_mul_ps(y, sin)));
  _mm256_maskstore_ps(
      y_at, lanes, _mm256_add_ps(_mm256_mul_ps(y, cos), _mm256_mul_ps(x, sin)));
}

}  // namespace

void RotateAvx2(const RopeHeads& heads) {
  const int64_t half = heads.rotary_dim / 2;
  for (int64_t i = 0; i < half; i += 8) {
    const __m256i lanes = FirstLanes(half - i);
    const __m256 cos = _mm256_maskload_ps(heads.cos + i, lanes);
    const __m256 sin = _mm256_maskload_ps(heads.sin + i, lanes);
    for (int64_t h = 0; h < heads.num_heads; ++h) {
      float* head = heads.heads + h * heads.head_dim + i;
      RotatePairs(head, head + half, cos, sin, lanes);
    }
  }
}

}  // namespace tessera::kernels
