// What every version of RMSNorm takes; rms_norm.h is the contract.
#pragma once

#include <cstdint>

namespace tessera::kernels {

struct RmsNormRows {
  const float* input;     // [num_rows, dim], rows input_stride floats apart
  int64_t input_stride;   // at least dim
  const float* weight;    // [dim]
  float epsilon;          // added to the mean square
  float* output;          // [num_rows, dim]; may be `input` at its own stride
  int64_t output_stride;  // at least dim
  int64_t num_rows;
  int64_t dim;
};

void RmsNormReference(const RmsNormRows& rows);
void RmsNormAvx2(const RmsNormRows& rows);
void RmsNormAvx512(const RmsNormRows& rows);

}  // namespace tessera::kernels
