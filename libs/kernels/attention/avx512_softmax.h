// What the AVX-512 sources share: 2^x and the merge of partial softmaxes.
// Included by them alone; everything has internal linkage.
#pragma once

#include <immintrin.h>

#include "libs/kernels/attention/chunk_kernels.h"

namespace tessera::attention {
namespace {

// 2^x for x <= 0; below 2^-126 it stays there. The exponent is set by integer
// addition, the fraction in [-1/2, 1/2] by a polynomial that gives exactly 1 at
// 0. `x` as unsigned bits grows with |x|, which makes the clamp an integer
// minimum: it does not compete with multiplications for a port.
template <int kDegree>
inline __attribute__((always_inline)) __m512 Exp2(__m512 x) {
  static_assert(kDegree == 3 || kDegree == 5);
  x = _mm512_castsi512_ps(_mm512_min_epu32(
      _mm512_castps_si512(x), _mm512_castps_si512(_mm512_set1_ps(-126.0f))));
  const __m512 magic = _mm512_set1_ps(0x1.8p23f);  // adding it rounds
  const __m512 shifted = _mm512_add_ps(x, magic);
  const __m512 f = _mm512_sub_ps(x, _mm512_sub_ps(shifted, magic));
  __m512 p;
  // Minimax in relative error with p(0) = 1: 1.01e-4 and 9.2e-8.
  if constexpr (kDegree == 3) {
    p = _mm512_fmadd_ps(_mm512_set1_ps(0x1.c2a1b4p-5f), f,
                        _mm512_set1_ps(0x1.f00c32p-3f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0x1.62f5fap-1f));
  } else {
    p = _mm512_fmadd_ps(_mm512_set1_ps(0x1.5bb9fep-10f), f,
                        _mm512_set1_ps(0x1.3cea88p-7f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0x1.c6b754p-5f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0x1.ebf9bcp-3f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0x1.62e42ap-1f));
  }
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
  const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
  return _mm512_castsi512_ps(
      _mm512_add_epi32(_mm512_castps_si512(p), exponent));
}

// A probability is rounded to 8 or 14 bits next.
inline __attribute__((always_inline)) __m512 Exp2Fast(__m512 x) {
  return Exp2<3>(x);
}

// The one merge of a partial softmax into a row:
//   max' = max(max, m);  a = 2^(max - max'), b = 2^(m - max')
//   sum' = sum a + s b;  values' = values a + v b
// A partial without keys (kNoScore, 0, 0) changes no bit, nor does a row
// without keys change a partial's: its weight there is exactly 1.
struct MergeWeights {
  float old_weight[16];
  float new_weight[16];
};

// Maxima and sums of up to 16 rows; says what to weigh their values with.
inline MergeWeights MergeSums(__m512 partial_max, __m512 partial_sum,
                              int num_rows, float* max, float* sum) {
  const __mmask16 rows = static_cast<__mmask16>((1u << num_rows) - 1);
  const __m512 old_max = _mm512_maskz_loadu_ps(rows, max);
  const __m512 merged = _mm512_max_ps(old_max, partial_max);
  const __m512 a = Exp2<5>(_mm512_sub_ps(old_max, merged));
  const __m512 b = Exp2<5>(_mm512_sub_ps(partial_max, merged));
  const __m512 old_sum = _mm512_maskz_loadu_ps(rows, sum);
  _mm512_mask_storeu_ps(max, rows, merged);
  _mm512_mask_storeu_ps(
      sum, rows, _mm512_fmadd_ps(old_sum, a, _mm512_mul_ps(partial_sum, b)));
  MergeWeights weights;
  _mm512_storeu_ps(weights.old_weight, a);
  _mm512_storeu_ps(weights.new_weight, b);
  return weights;
}

inline __attribute__((always_inline)) void MergeValues(__m512 partial,
                                                       float old_weight,
                                                       float new_weight,
                                                       float* values) {
  _mm512_storeu_ps(
      values,
      _mm512_fmadd_ps(_mm512_loadu_ps(values), _mm512_set1_ps(old_weight),
                      _mm512_mul_ps(partial, _mm512_set1_ps(new_weight))));
}

}  // namespace
}  // namespace tessera::attention
