// What every version of SwiGLU takes; swiglu.h is the contract.
#pragma once

#include <cstdint>

namespace tessera::kernels {

struct SwiGluRows {
  const float* input;     // [num_rows, 2 * 16 * ceil(num_columns / 16)]
  int64_t input_stride;   // floats from row to row
  float* output;          // [num_rows, num_columns]
  int64_t output_stride;  // at least num_columns
  int64_t num_rows;
  int64_t num_columns;
};

// exp(x) for the sigmoid, the same operations in every version:
//   n = round(x / ln 2), by adding and subtracting kRound, whose low bits then
//       hold n;  r = x - n ln 2, ln 2 in two parts
//   exp(r) = 1 + r + r^2 (c[0] + c[1] r + ... + c[4] r^4)
//   exp(x) = 2^n exp(r), 2^n by shifting n into an exponent
// The polynomial is minimax in relative error (3.6e-9 with these rounded
// coefficients, on |r| <= ln 2 / 2); rounding makes it 1.1e-7 for exp(x).
// x is clamped: below -87 exp(x) vanishes beside the 1 that is added to it;
// at 89 n is 128, whose 2^n is the bit pattern of infinity, and the sigmoid 0.
struct SwiGluExp {
  static constexpr float kLowest = -87.0f;
  static constexpr float kHighest = 89.0f;
  static constexpr float kInverseLn2 = 0x1.715476p+0f;
  static constexpr float kLn2High = 0x1.62e400p-1f;  // 15 bits: n * it is exact
  static constexpr float kLn2Low = 0x1.7f7d1cp-20f;  // the next 24 bits
  static constexpr float kRound = 0x1.8p+23f;
  static constexpr float kCoefficients[5] = {0x1.fffffcp-2f, 0x1.555492p-3f,
                                             0x1.5558f2p-5f, 0x1.123a20p-7f,
                                             0x1.6a23c8p-10f};
};

void SwiGluReference(const SwiGluRows& rows);
void SwiGluAvx2(const SwiGluRows& rows);
void SwiGluAvx512(const SwiGluRows& rows);

}  // namespace tessera::kernels
