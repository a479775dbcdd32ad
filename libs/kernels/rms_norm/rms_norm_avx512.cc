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
  __m512 sums[4] = {};
  int64_t i = 0;
  for (; i + 64 <= dim; i += 64) {
    for (int j = 0; j < 4; ++j) {
      const __m512 x = _mm512_loadu_ps(row + i + 16 * j);
      sums[j] = _mm512_fmadd_ps(x, x, sums[j]);
    }
  }
  if (i < dim) {
    for (int j = 0; j < 4; ++j) {
      const __mmask16 lanes = FirstLanes(dim - i - 16 * j);
      const __m512 x = _mm512_maskz_loadu_ps(lanes, row + i + 16 * j);
      sums[j] = _mm512_fmadd_ps(x, x, sums[j]);
    }
  }
  return FoldLanes(_mm512_add_ps(_mm512_add_ps(sums[0], sums[2]),
                                 _mm512_add_ps(sums[1], sums[3])));
}

inline __m512 ScaleOf(float sum_of_squares, const RmsNormRows& rows) {
  const float mean_square = sum_of_squares / static_cast<float>(rows.dim);
  const __m128 root = _mm_sqrt_ps(_mm_set1_ps(mean_square + rows.epsilon));
  return _mm512_broadcastss_ps(_mm_div_ps(_mm_set1_ps(1.0f), root));
}

inline void ScaleRow(const float* input, const float* weight, __m512 scale,
                     int64_t dim, float* output) {
  int64_t i = 0;
  for (; i + 16 <= dim; i += 16) {
    const __m512 x = _mm512_mul_ps(_mm512_loadu_ps(input + i), scale);
    _mm512_storeu_ps(output + i, _mm512_mul_ps(x, _mm512_loadu_ps(weight + i)));
  }
  if (i == dim) return;
  const __mmask16 lanes = FirstLanes(dim - i);
  const __m512 x =
      _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, input + i), scale);
  const __m512 w = _mm512_maskz_loadu_ps(lanes, weight + i);
  _mm512_mask_storeu_ps(output + i, lanes, _mm512_mul_ps(x, w));
}

}  // namespace

void RmsNormAvx512(const RmsNormRows& rows) {
  for (int64_t r = 0; r < rows.num_rows; ++r) {
    const float* input = rows.input + r * rows.input_stride;
    const __m512 scale = ScaleOf(SumOfSquares(input, rows.dim), rows);
    ScaleRow(input, rows.weight, scale, rows.dim,
             rows.output + r * rows.output_stride);
  }
}

}  // namespace tessera::kernels
