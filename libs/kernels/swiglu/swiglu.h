// SwiGLU of a feed-forward layer: silu(gate) * up, from interleaved columns.
//
//   output[r,c] = gate * sigmoid(gate) * up
//   gate = input[r, 32 (c / 16) + c % 16],   up = input[r, 32 (c / 16) + 16 + c
//   % 16]
//
// R num_rows, F num_columns. The product with the gate and up matrices writes
// 16 gates, the 16 ups that belong to them, the next 16 gates, ...: whoever
// computed a pair of weight panels can apply this without waiting for others.
//   input   [R, 2 * 16 * ceil(F / 16)] f32   rows input_stride apart
//   output  [R, F]                     f32   rows output_stride apart,
//                                            overlapping nothing
// A range of columns that starts at 16 p is input + 32 p and output + 16 p.
//
// Bits: an output depends on its gate and up alone, and is the same in every
// kernel set: (g / (1 + exp(-g))) * u with the exp of swiglu_rows.h, divided
// and rounded as IEEE 754 says. Within 2.6 units in the last place of the exact
// product for gates from -86 up (swiglu_test prints it); gates below -88 give
// -0 (exactly less than 1e-36), NaN and -infinity give NaN.
// CHECK: negative counts, a stride below its row.
// Source: Shazeer 2020.
#pragma once

#include "libs/device/cpu_features.h"
#include "libs/kernels/swiglu/swiglu_rows.h"

namespace tessera::kernels {

void SwiGlu(device::KernelSet kernels, const SwiGluRows& rows);

}  // namespace tessera::kernels
