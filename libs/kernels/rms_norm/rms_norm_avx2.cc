// Eight accumulators of 8 lanes are the 64 partial sums; the last elements of a
// row are loaded under a mask, which adds exact zeros to the others' sums.
#include <immintrin.h>

#include "libs/kernels/rms_norm/rms_norm_rows.h"

namespace tessera::kernels {
namespace {

inline __m256i FirstLanes(int64_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const int clamped = count >= 8 ? 8 : count <= 0 ? 0 : static_cast<int>(count);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(clamped), lane);
}

inline float FoldLanes(__m256 sums) {
  __m128 four =
      _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

inline float SumOfSquares(const float* row, int64_t dim) {
  __m256 sums[8] = {};
  int64_t i = 0;
  for (; i + 64 <= dim; i += 64) {
    for (int j = 0; j < 8; ++j) {
      const __m256 x = _mm256_loadu_ps(row + i + 8 * j);
      sums[j] = _mm256_fmadd_ps(x, x, sums[j]);
    }
  }
  if (i < dim) {
    for (int j = 0; j < 8; ++j) {
      const __m256i lanes = FirstLanes(dim - i - 8 * j);
      const __m256 x = _mm256_maskload_ps(row + i + 8 * j, lanes);
      sums[j] = _mm256_fmadd_ps(x, x, sums[j]);
    }
  }
  for (int width = 4; width > 0; width /= 2) {
    for (int j = 0; j < width; ++j) {
      sums[j] = _mm256_add_ps(sums[j], sums[j + width]);
    }
  }
  return FoldLanes(sums[0]);
}

inline __m256 ScaleOf(float sum_of_squares, const RmsNormRows& rows) {
  const float mean_square = sum_of_squares / static_cast<float>(rows.dim);
  const __m128 root = _mm_sqrt_ps(_mm_set1_ps(mean_square + rows.epsilon));
  return _mm256_broadcastss_ps(_mm_div_ps(_mm_set1_ps(1.0f), root));
}

inline void ScaleRow(const float* input, const float* weight, __m256 scale,
                     int64_t dim, float* output) {
  int64_t i = 0;
  for (; i + 8 <= dim; i += 8) {
    const __m256 x = _mm256_mul_ps(_mm256_loadu_ps(input + i), scale);
    _mm256_storeu_ps(output + i, _mm256_mul_ps(x, _mm256_loadu_ps(weight + i)));
  }
  if (i == dim) return;
  const __m256i lanes = FirstLanes(dim - i);
  const __m256 x = _mm256_mul_ps(_mm256_maskload_ps(input + i, lanes), scale);
  const __m256 w = _mm256_maskload_ps(weight + i, lanes);
  _mm256_maskstore_ps(output + i, lanes, _mm256_mul_ps(x, w));
}

}  // namespace

void RmsNormAvx2(const RmsNormRows& rows) {
  for (int64_t r = 0; r < rows.num_rows; ++r) {
    const float* input = rows.input + r * rows.input_stride;
    const __m256 scale = ScaleOf(SumOfSquares(input, rows.dim), rows);
    ScaleRow(input, rows.weight, scale, rows.dim,
             rows.output + r * rows.output_stride);
  }
}

}  // namespace tessera::kernels
