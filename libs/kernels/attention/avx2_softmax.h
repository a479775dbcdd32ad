// What the AVX2 sources share: 2^x and the merge of partial softmaxes.
// Included by them alone; everything has internal linkage.
#pragma once

#include <immintrin.h>

#include "libs/kernels/attention/chunk_kernels.h"

namespace tessera::attention {
namespace {

// 2^x for x <= 0; below 2^-126 it stays there. The exponent is set by integer
// addition, the fraction in [-1/2, 1/2] by a polynomial that gives exactly 1 at
// 0: minimax in relative error, 9.2e-8.
inline __attribute__((always_inline)) __m256 Exp2(__m256 x) {
  x = _mm256_max_ps(x, _mm256_set1_ps(-126.0f));
  const __m256 magic = _mm256_set1_ps(0x1.8p23f);  // adding it rounds
  const __m256 shifted = _mm256_add_ps(x, magic);
  const __m256 f = _mm256_sub_ps(x, _mm256_sub_ps(shifted, magic));
  __m256 p = _mm256_fmadd_ps(_mm256_set1_ps(0x1.5bb9fep-10f), f,
                             _mm256_set1_ps(0x1.3cea88p-7f));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(0x1.c6b754p-5f));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(0x1.ebf9bcp-3f));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(0x1.62e42ap-1f));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.0f));
  const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
  return _mm256_castsi256_ps(
      _mm256_add_epi32(_mm256_castps_si256(p), exponent));
}

// Over the lanes, always by the same tree.
inline float MaxOfLanes(__m256 x) {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

inline float SumOfLanes(__m256 x) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

// The one merge of a partial softmax into a row:
//   max' = max(max, m);  a = 2^(max - max'), b = 2^(m - max')
//   sum' = sum a + s b;  values' = values a + v b
// A partial without keys (kNoScore, 0, 0) changes no bit, nor does a row
// without keys change a partial's: its weight there is exactly 1.
struct MergeWeights {
  float old_weight;
  float new_weight;
};

inline MergeWeights MergeSum(float partial_max, float partial_sum, float* max,
                             float* sum) {
  const float merged = *max > partial_max ? *max : partial_max;
  const __m256 weights = Exp2(
      _mm256_setr_ps(*max - merged, partial_max - merged, 0, 0, 0, 0, 0, 0));
  alignas(32) float weight[8];
  _mm256_store_ps(weight, weights);
  *max = merged;
  *sum = _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(*sum), _mm_set_ss(weight[0]),
                                    _mm_set_ss(partial_sum * weight[1])));
  return {weight[0], weight[1]};
}

inline __attribute__((always_inline)) void MergeValues(
    __m256 partial, const MergeWeights& weights, float* values) {
  _mm256_storeu_ps(
      values, _mm256_fmadd_ps(
                  _mm256_loadu_ps(values), _mm256_set1_ps(weights.old_weight),
                  _mm256_mul_ps(partial, _mm256_set1_ps(weights.new_weight))));
}

}  // namespace
}  // namespace tessera::attention
