// Flash attention over packed sequences: many documents end to end in one
// tensor, each attending to itself alone. For training and encoders.
//
//   output[t,h] = sum_k softmax_k(scale * query[t,h] . key[k,g]) value[k,g]
//   log_sum_exp[t,h] = log sum_k exp(scale * query[t,h] . key[k,g])
//   g = h / (H / G), k over t's document, up to t itself if causal
//
// S documents; T tokens; H num_heads, G num_kv_heads, D head_dim.
// The algorithm, the invariant and the kernels are attention.h's; keys and
// values are first packed into its blocks: as bf16 for the AVX-512 and AVX2
// kernels (D a multiple of 16), as f32 otherwise. O(T) memory.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "libs/device/cpu_features.h"
#include "libs/device/worker_team.h"
#include "libs/kernels/attention/kv_layout.h"
#include "libs/tensor/dtype.h"

namespace tessera::attention {

struct PackedAttentionArgs {
  AttentionShape shape;
  DType dtype = DType::kF32;    // of query, key, value: kF32 or kBF16
  const void* query = nullptr;  // [T,H,D]
  const void* key = nullptr;    // [T,G,D]
  const void* value = nullptr;  // [T,G,D]
  // [S+1], from 0 to T, never falling: document i is tokens [i, i+1).
  absl::Span<const int32_t> cu_seqlens;
  bool causal = true;
  float scale = 1;               // of scores; usually 1 / sqrt(D)
  float* output = nullptr;       // [T,H,D] f32, no alias
  float* log_sum_exp = nullptr;  // [T,H] f32, or null: not wanted
  absl::Span<uint8_t> scratch;   // 64-byte aligned
};

// InvalidArgument, naming the field: a shape that cannot work, another dtype,
// cu_seqlens that do not start at 0 or that fall.
absl::Status ValidatePackedAttention(const PackedAttentionArgs& args);

// Scratch for any T up to `max_tokens` in up to `max_sequences` documents.
int64_t PackedAttentionScratchBytes(device::KernelSet kernels,
                                    const AttentionShape& shape, DType dtype,
                                    int num_workers, int64_t max_tokens,
                                    int64_t max_sequences);

// Called by all workers with valid args, after a barrier since the inputs were
// written; returns after a barrier.
void PackedAttention(device::Worker& worker, const PackedAttentionArgs& args);

}  // namespace tessera::attention
