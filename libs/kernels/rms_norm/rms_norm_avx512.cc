// Four accumulators of 16 lanes are the 64 partial sums; the last elements of a
// row are loaded under a mask, which adds exact zeros to the others' sums.
#include <immintrin.h>

#include "libs/kernels/rms_norm/rms_norm_rows.h"

namespace tessera::kernels {
namespace {

inline __mmask16 FirstLanes(int64_t count) {
  if (count >= 16) return 0xffff;
  return count <= 0 ? 0 : static_cast<__mmask16>((1u << count) - 1);
}

inline float FoldLanes(__m512 sums) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(sums),
                                     _mm512_extractf32x8_ps(sums, 1));
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight),
                           _mm256_extractf128_ps(eight, 1));
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

inline float SumOfSquares(const float* row, int64_t dim) {
  __m512 sum0 = _mm512_setzero_ps();
  __m512 sum1 = sum0, sum2 = sum0, sum3 = sum0;
  for (int64_t i = 0; i < dim; i += 64) {
    const int64_t left = dim - i;
    const __m512 x0 = _mm512_maskz_loadu_ps(FirstLanes(left), row + i);
    const __m512 x1 =
        _mm512_maskz_loadu_ps(FirstLanes(left - 16), row + i + 16);
    const __m512 x2 =
        _mm512_maskz_loadu_ps(FirstLanes(left - 32), row + i + 32);
    const __m512 x3 =
        _mm512_maskz_loadu_ps(FirstLanes(left - 48), row + i + 48);
    sum0 = _mm512_fmadd_ps(x0, x0, sum0);
    sum1 = _mm512_fmadd_ps(x1, x1, sum1);
    sum2 = _mm512_fmadd_ps(x2, x2, sum2);
    sum3 = _mm512_fmadd_ps(x3, x3, sum3);
  }
  return FoldLanes(
      _mm512_add_ps(_mm512_add_ps(sum0, sum2), _mm512_add_ps(sum1, sum3)));
}

inline __m512 ScaleOf(float sum_of_squares, const RmsNormRows& rows) {
  const float mean_square = sum_of_squares / static_cast<float>(rows.dim);
  const __m128 root = _mm_sqrt_ps(_mm_set1_ps(mean_square + rows.epsilon));
  return _mm512_broadcastss_ps(_mm_div_ps(_mm_set1_ps(1.0f), root));
}

}  // namespace

void RmsNormAvx512(const RmsNormRows& rows) {
  for (int64_t r = 0; r < rows.num_rows; ++r) {
    const float* input = rows.input + r * rows.input_stride;
    float* output = rows.output + r * rows.output_stride;
    const __m512 scale = ScaleOf(SumOfSquares(input, rows.dim), rows);
    for (int64_t i = 0; i < rows.dim; i += 16) {
      const __mmask16 lanes = FirstLanes(rows.dim - i);
      const __m512 x = _mm512_maskz_loadu_ps(lanes, input + i);
      const __m512 w = _mm512_maskz_loadu_ps(lanes, rows.weight + i);
      _mm512_mask_storeu_ps(output + i, lanes,
                            _mm512_mul_ps(_mm512_mul_ps(x, scale), w));
    }
  }
}

}  // namespace tessera::kernels
