// DequantizeRow: any element type to float, the plain reference.
//
// This defines what a quantized weight means here: kernels that compute on
// packed integers are tested against it.
#pragma once

#include <cstdint>

#include "libs/tensor/dtype.h"

namespace tessera {

// Writes the `num_elements` elements at `row` to `output`. `num_elements` is a
// whole number of `dtype`'s blocks (CHECKed); `row` needs no alignment, so that
// it may point anywhere into a mapped file.
//
// Each product and sum below is rounded to float once, in this order; a scale
// that is infinite or NaN in the file comes out as such.
//   Q4_0, Q5_0, Q8_0   d * q
//   Q4_1, Q5_1         d * q + m
//   Q4_K, Q5_K         (d * scale) * q - (dmin * min)
//   Q6_K               (d * scale) * q
// F16 and BF16 are exact; I32 rounds to nearest.
// Source: dequantize_row_* of ggml-quants.c, llama.cpp (MIT): same bits.
void DequantizeRow(DType dtype, const void* row, int64_t num_elements,
                   float* output);

}  // namespace tessera
