#include <bit>
#include <cmath>

#include "libs/kernels/swiglu/swiglu_rows.h"

namespace tessera::kernels {
namespace {

using E = SwiGluExp;

// 1 + exp(-gate)
float OnePlusExp(float gate) {
  float x = -gate;
  x = E::kHighest < x ? E::kHighest : x;  // NaN stays
  x = E::kLowest > x ? E::kLowest : x;
  const float shifted = std::fma(x, E::kInverseLn2, E::kRound);
  const float n = shifted - E::kRound;
  float r = std::fma(-n, E::kLn2High, x);
  r = std::fma(-n, E::kLn2Low, r);
  float q = E::kCoefficients[4];
  for (int i = 3; i >= 0; --i) q = std::fma(q, r, E::kCoefficients[i]);
  const float exp_r = std::fma(r * r, q, r) + 1.0f;
  const float power = std::bit_cast<float>(
      (std::bit_cast<uint32_t>(shifted) << 23) + 0x3f800000u);
  return std::fma(exp_r, power, 1.0f);
}

}  // namespace

void SwiGluReference(const SwiGluRows& rows) {
  for (int64_t r = 0; r < rows.num_rows; ++r) {
    const float* input = rows.input + r * rows.input_stride;
    float* output = rows.output + r * rows.output_stride;
    for (int64_t c = 0; c < rows.num_columns; ++c) {
      const float gate = input[c / 16 * 32 + c % 16];
      const float up = input[c / 16 * 32 + 16 + c % 16];
      output[c] = (gate / OnePlusExp(gate)) * up;
    }
  }
}

}  // namespace tessera::kernels
