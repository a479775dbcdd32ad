// RMSNorm: each row over its root mean square, times a weight.
//
//   output[r,i] = (input[r,i] * scale[r]) * weight[i]
//   scale[r]    = 1 / sqrt(sum_i input[r,i]^2 / dim + epsilon)
//
// R num_rows, D dim
//   input   [R,D] f32   rows input_stride apart
//   weight  [D]   f32
//   output  [R,D] f32   rows output_stride apart; the same rows as input
//                       (pointer and stride) or no overlap with it
//
// A row is a token's hidden state, or one head of a query or key (QK norm).
//
// Bits: a row's output depends on that row, weight, epsilon and D alone, and is
// the same in every kernel set. Squares go to partial sum i mod 64 in the order
// of i, by fused multiply-add; the 64 partial sums are folded in half six times
// (j with j + 32, then j with j + 16, ...). 64 sums rather than 16: four
// independent chains of additions, else their latency is what a row costs.
// Rows and weights that start at a multiple of 64 bytes are a third faster.
// No barrier inside: workers call it on rows of their own.
// CHECK: negative counts, a dim below 1, a stride below dim.
// Source: Zhang and Sennrich 2019.
#pragma once

#include "libs/device/cpu_features.h"
#include "libs/kernels/rms_norm/rms_norm_rows.h"

namespace tessera::kernels {

void RmsNorm(device::KernelSet kernels, const RmsNormRows& rows);

}  // namespace tessera::kernels
