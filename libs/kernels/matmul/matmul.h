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
// the file's integers and the activations' int8, scaled and added to a float
// sum block by block, in the order of the columns, with fused multiply-adds:
//   sum = fma(float(dot), d * scale, sum); sum = fma(m, scale * sum(q), sum)
// so an output's bits depend on its weights and its token alone: not on M, on
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
  float* data;
  int64_t stride;
  const float* bias = nullptr;
  bool accumulate = false;  // add to what output holds (a residual)
};

// Computes the outputs of rows [rows.begin, rows.end): rows.begin is a multiple
// of kPanelRows, rows.end too or N. No barrier inside: a worker takes its
// share, worker.Share(N, granule), and owns those columns of the output
// afterwards. InvalidArgument: shapes disagree or the activations lack a kind.
absl::Status Matmul(device::KernelSet kernels, const Activations& activations,
                    const PackedMatrix& weights, device::Range rows,
                    const MatmulOutput& output);

}  // namespace tessera::kernels
