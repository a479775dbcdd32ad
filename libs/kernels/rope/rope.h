// RoPE: rotates the query or key heads of one token by its position.
//
//   for i in [0, rotary_dim / 2), j = i + rotary_dim / 2 of each head:
//     head[i], head[j] = head[i] cos[i] - head[j] sin[i],
//                        head[j] cos[i] + head[i] sin[i]
//
// This is the rotate-half pairing of Hugging Face's checkpoints. GGUF's
// llama files pair neighbours instead: the loader reorders those rows of the
// query and key weights, and nothing else ever knows.
//
// H num_heads, D head_dim
//   heads     [H,D]               f32  in place
//   cos, sin  [rotary_dim / 2]    f32  from RopeFrequencies::ComputeCosSin
//
// Bits: two products, each rounded, then their sum, as Hugging Face does; the
// same in every kernel set.
// CHECK: negative counts, an odd rotary_dim, or one above head_dim.
// Source: Su et al. 2021.
#pragma once

#include "libs/device/cpu_features.h"
#include "libs/kernels/rope/rope_heads.h"

namespace tessera::kernels {

void Rotate(device::KernelSet kernels, const RopeHeads& heads);

}  // namespace tessera::kernels
