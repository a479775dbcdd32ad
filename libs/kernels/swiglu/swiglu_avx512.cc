// Sixteen gates and their ups an iteration. The division (about 10 cycles) runs
// beside the polynomial of the next sixteen.
#include <immintrin.h>

#include "libs/kernels/swiglu/swiglu_rows.h"

namespace tessera::kernels {
namespace {

using E = SwiGluExp;

inline __m512 Set(float value) { return _mm512_set1_ps(value); }

inline __m512 OnePlusExp(__m512 gate) {
  __m512 x = _mm512_xor_ps(gate, Set(-0.0f));
  x = _mm512_min_ps(Set(E::kHighest), x);  // the second operand where NaN
  x = _mm512_max_ps(Set(E::kLowest), x);
  const __m512 shifted =
      _mm512_fmadd_ps(x, Set(E::kInverseLn2), Set(E::kRound));
  const __m512 n = _mm512_sub_ps(shifted, Set(E::kRound));
  __m512 r = _mm512_fnmadd_ps(n, Set(E::kLn2High), x);
  r = _mm512_fnmadd_ps(n, Set(E::kLn2Low), r);
  __m512 q = Set(E::kCoefficients[4]);
  q = _mm512_fmadd_ps(q, r, Set(E::kCoefficients[3]));
  q = _mm512_fmadd_ps(q, r, Set(E::kCoefficients[2]));
  q = _mm512_fmadd_ps(q, r, Set(E::kCoefficients[1]));
  q = _mm512_fmadd_ps(q, r, Set(E::kCoefficients[0]));
  const __m512 exp_r =
      _mm512_add_ps(_mm512_fmadd_ps(_mm512_mul_ps(r, r), q, r), Set(1.0f));
  const __m512i power =
      _mm512_add_epi32(_mm512_slli_epi32(_mm512_castps_si512(shifted), 23),
                       _mm512_set1_epi32(0x3f800000));
  return _mm512_fmadd_ps(exp_r, _mm512_castsi512_ps(power), Set(1.0f));
}

inline __m512 SiluTimesUp(const float* pair) {
  const __m512 gate = _mm512_loadu_ps(pair);
  const __m512 up = _mm512_loadu_ps(pair + 16);
  return _mm512_mul_ps(_mm512_div_ps(gate, OnePlusExp(gate)), up);
}

}  // namespace

void SwiGluAvx512(const SwiGluRows& rows) {
  for (int64_t r = 0; r < rows.num_rows; ++r) {
    const float* input = rows.input + r * rows.input_stride;
    float* output = rows.output + r * rows.output_stride;
    int64_t c = 0;
    for (; c + 16 <= rows.num_columns; c += 16) {
      _mm512_storeu_ps(output + c, SiluTimesUp(input + 2 * c));
    }
    if (c < rows.num_columns) {
      const __mmask16 lanes =
          static_cast<__mmask16>((1u << (rows.num_columns - c)) - 1);
      _mm512_mask_storeu_ps(output + c, lanes, SiluTimesUp(input + 2 * c));
    }
  }
}

}  // namespace tessera::kernels
