// Eight pairs at a time, the last ones of a head under a mask.
#include <immintrin.h>

#include "libs/kernels/rope/rope_heads.h"

namespace tessera::kernels {
namespace {

struct Pairs {
  __m256 x;
  __m256 y;
};

inline Pairs Rotated(Pairs p, __m256 cos, __m256 sin) {
  return {_mm256_sub_ps(_mm256_mul_ps(p.x, cos), _mm256_mul_ps(p.y, sin)),
          _mm256_add_ps(_mm256_mul_ps(p.y, cos), _mm256_mul_ps(p.x, sin))};
}

inline void RotateEight(float* x, float* y, __m256 cos, __m256 sin) {
  const Pairs out = Rotated({_mm256_loadu_ps(x), _mm256_loadu_ps(y)}, cos, sin);
  _mm256_storeu_ps(x, out.x);
  _mm256_storeu_ps(y, out.y);
}

// A masked store takes some 20 times as long as a whole one on Zen.
inline void RotateMasked(float* x, float* y, __m256 cos, __m256 sin,
                         __m256i lanes) {
  const Pairs out = Rotated(
      {_mm256_maskload_ps(x, lanes), _mm256_maskload_ps(y, lanes)}, cos, sin);
  _mm256_maskstore_ps(x, lanes, out.x);
  _mm256_maskstore_ps(y, lanes, out.y);
}

}  // namespace

void RotateAvx2(const RopeHeads& heads) {
  const int64_t half = heads.rotary_dim / 2;
  int64_t i = 0;
  for (; i + 8 <= half; i += 8) {
    const __m256 cos = _mm256_loadu_ps(heads.cos + i);
    const __m256 sin = _mm256_loadu_ps(heads.sin + i);
    for (int64_t h = 0; h < heads.num_heads; ++h) {
      float* head = heads.heads + h * heads.head_dim + i;
      RotateEight(head, head + half, cos, sin);
    }
  }
  if (i == half) return;
  const __m256i lanes =
      _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(half - i)),
                         _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  const __m256 cos = _mm256_maskload_ps(heads.cos + i, lanes);
  const __m256 sin = _mm256_maskload_ps(heads.sin + i, lanes);
  for (int64_t h = 0; h < heads.num_heads; ++h) {
    float* head = heads.heads + h * heads.head_dim + i;
    RotateMasked(head, head + half, cos, sin, lanes);
  }
}

}  // namespace tessera::kernels
