// Eight gates and their ups an iteration; see the AVX-512 version.
#include <immintrin.h>

#include "libs/kernels/swiglu/swiglu_rows.h"

namespace tessera::kernels {
namespace {

using E = SwiGluExp;

inline __m256 Set(float value) { return _mm256_set1_ps(value); }

inline __m256 OnePlusExp(__m256 gate) {
  __m256 x = _mm256_xor_ps(gate, Set(-0.0f));
  x = _mm256_min_ps(Set(E::kHighest), x);  // the second operand where NaN
  x = _mm256_max_ps(Set(E::kLowest), x);
  const __m256 shifted =
      _mm256_fmadd_ps(x, Set(E::kInverseLn2), Set(E::kRound));
  const __m256 n = _mm256_sub_ps(shifted, Set(E::kRound));
  __m256 r = _mm256_fnmadd_ps(n, Set(E::kLn2High), x);
  r = _mm256_fnmadd_ps(n, Set(E::kLn2Low), r);
  __m256 q = Set(E::kCoefficients[4]);
  q = _mm256_fmadd_ps(q, r, Set(E::kCoefficients[3]));
  q = _mm256_fmadd_ps(q, r, Set(E::kCoefficients[2]));
  q = _mm256_fmadd_ps(q, r, Set(E::kCoefficients[1]));
  q = _mm256_fmadd_ps(q, r, Set(E::kCoefficients[0]));
  const __m256 exp_r =
      _mm256_add_ps(_mm256_fmadd_ps(_mm256_mul_ps(r, r), q, r), Set(1.0f));
  const __m256i power =
      _mm256_add_epi32(_mm256_slli_epi32(_mm256_castps_si256(shifted), 23),
                       _mm256_set1_epi32(0x3f800000));
  return _mm256_fmadd_ps(exp_r, _mm256_castsi256_ps(power), Set(1.0f));
}

// Column c of a row, and the seven after it; c is a multiple of 8.
inline __m256 SiluTimesUp(const float* input, int64_t c) {
  const float* pair = input + c / 16 * 32 + c % 16;
  const __m256 gate = _mm256_loadu_ps(pair);
  const __m256 up = _mm256_loadu_ps(pair + 16);
  return _mm256_mul_ps(_mm256_div_ps(gate, OnePlusExp(gate)), up);
}

inline __m256i FirstLanes(int64_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
}

}  // namespace

void SwiGluAvx2(const SwiGluRows& rows) {
  for (int64_t r = 0; r < rows.num_rows; ++r) {
    const float* input = rows.input + r * rows.input_stride;
    float* output = rows.output + r * rows.output_stride;
    int64_t c = 0;
    for (; c + 8 <= rows.num_columns; c += 8) {
      _mm256_storeu_ps(output + c, SiluTimesUp(input, c));
    }
    if (c < rows.num_columns) {
      _mm256_maskstore_ps(output + c, FirstLanes(rows.num_columns - c),
                          SiluTimesUp(input, c));
    }
  }
}

}  // namespace tessera::kernels
