// QuantizeRow: float to any floating or quantized type, rounding to nearest.
//
// For writing files and building tests. No search for better scales is made:
// that is libs/quantization's work.
#pragma once

#include <cstdint>

#include "libs/tensor/dtype.h"

namespace tessera {

// True but for I8 and I32, which hold no weights.
bool CanQuantizeTo(DType dtype);

// Writes `num_elements` (a whole number of blocks, CHECKed) elements of `input`
// to `output`, RowBytes(dtype, num_elements) bytes at any alignment. `dtype`
// satisfies CanQuantizeTo (CHECKed).
//
// Q4_0 to Q8_0 give the bytes of quantize_row_*_ref (ggml-quants.c, llama.cpp,
// MIT) on finite input: scales from the extremes of a block, kept as half
// precision. Q4_K, Q5_K and Q6_K take each group's extremes the same way and
// round the group scales to six (eight) bits; llama.cpp searches instead.
// A value too large for its scale saturates; NaN becomes some element.
void QuantizeRow(DType dtype, const float* input, int64_t num_elements,
                 void* output);

}  // namespace tessera
