// Matrix product of activations with packed weights.
//
//   output[t,n] (+)= sum_k weights[n,k] activations[t,k] (+ bias[n])
//
// M num_tokens, N weights.num_rows(), K weights.num_columns()
//   activations  [M,K]  packed in every kind that the weights' formats meet
//   output       [M,N]  float, rows output_stride apart; aliases no input
//   bias         [N]    float, or null
//
// Integer formats: each block of 32 columns is an exact integer dot product of
// the file's integers and the activations', scaled and added to a float sum
// block by block, in the order of the columns, with fused multiply-adds. int8
// activations have a scale for each half of a block, int12 one for the row,
// which multiplies the whole sum:
//   int8   x = fma(float(dot[1]), scale[1], float(dot[0]) * scale[0])
//          sum = fma(x, d, sum)
//   int12  sum = fma(float(dot), d, sum)
//   all    sum = fma(m, scaled_sum, sum)      where the format has a minimum
// Where a half has a scale of its own (Q6_K), both kinds add the halves one by
// one: sum = fma(float(dot[h]), d[h] * scale[h], sum), int12 without scale[h].
// So an output's bits depend on its weights and its token alone: not on M, on
// the other tokens, the threads, or the instruction set (all agree bit for bit
// with the plain reference). Float formats add in column order too; their bits
// may differ from one instruction set to another.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "libs/device/worker_team.h"
#include "libs/kernels/matmul/activations.h"
#include "libs/kernels/matmul/packed_matrix.h"

namespace tessera::kernels {

struct MatmulOutput {
  float* data;  // of the first token computed
  int64_t stride;
  const float* bias = nullptr;
  bool accumulate = false;  // add to what output holds (a residual)
};

// Tokens whose activations stay in the L2 (128 x 1,536 columns: 344 KB of
// 1 MB) while all panels of a worker's share pass by. 32 to 256 are within 4%
// on Zen 4, 64 to 256 within 2% on Granite Rapids.
inline constexpr int64_t kMatmulChunkTokens = 128;

// Computes, by the kernels that the activations were packed for, the outputs of
// rows [rows.begin, rows.end), by default of all tokens: rows.begin is a
// multiple of kPanelRows, rows.end too or N; tokens.begin is a multiple of
// kMatmulChunkTokens. No barrier inside: a worker takes its share,
// worker.Share(N, granule), and owns those columns of the output afterwards.
// InvalidArgument: shapes or ranges disagree, or the activations lack a kind.
absl::Status Matmul(const Activations& activations, const PackedMatrix& weights,
                    device::Range rows, device::Range tokens,
                    const MatmulOutput& output);

inline absl::Status Matmul(const Activations& activations,
                           const PackedMatrix& weights, device::Range rows,
                           const MatmulOutput& output) {
  return Matmul(activations, weights, rows, {0, activations.num_tokens()},
                output);
}

}  // namespace tessera::kernels
