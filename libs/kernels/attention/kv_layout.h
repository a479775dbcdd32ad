// Where keys and values lie in a paged cache.
//
// A block holds kKvBlockTokens consecutive tokens of one sequence, for every
// layer and key/value head: [layer][kv_head][head bytes]. One head's bytes of
// one block are contiguous, keys before values, so that a kernel streams them
// whole. Within a head, by type (B = kKvBlockTokens, D = head_dim):
//
//   kF32   key   [B][D] f32           the float oracle's
//          value [B][D] f32
//   kBF16  key   [B/16][D/2][16][2] bf16   64 bytes: two dimensions of 16
//                tokens, so that a score arrives one token a lane
//          value [D/16][B/2][16][2] bf16   64 bytes: 16 dimensions of two
//          tokens
//   kI8    key   [B/16][D/4][16][4] uint8  k / key_scale + 128
//          key_scale [B] f32               largest |k| of the token / 127
//          value [D/16][B/4][16][4] uint8  v / value_scale + 128
//          value_scale [B] f32
//
// Where D is no multiple of 16, the last group of dimensions is narrower.
//
// kI8 is laid out for vpdpbusd: queries and probabilities become two planes of
// 8-bit integers, and every product and sum up to the scales is exact.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "libs/kernels/attention/kv_block.h"

namespace tessera::attention {

inline constexpr int kMaxHeadDim = 512;

enum class KvDType : uint8_t { kF32, kBF16, kI8 };

absl::string_view KvDTypeName(KvDType dtype);  // "f32", "bf16", "int8"

// The heads of one layer.
struct AttentionShape {
  int num_heads = 0;     // H, query heads
  int num_kv_heads = 0;  // G; query head h reads kv head h / (H / G)
  int head_dim = 0;      // D
};

// InvalidArgument, naming the field: G does not divide H, a count is not
// positive, D is above
// kMaxHeadDim, odd, or with kI8 not a multiple of 4.
absl::Status ValidateAttentionShape(const AttentionShape& shape, KvDType dtype);

// Bytes of keys and values of one block, one head, one layer: a multiple of 64
// where D is a multiple of 16. A block takes layers * G of them.
int64_t KvHeadBytes(KvDType dtype, int head_dim);

// Offsets in a head's bytes.
int64_t KvValueOffset(KvDType dtype, int head_dim);
int64_t KvKeyScaleOffset(int head_dim);    // kI8
int64_t KvValueScaleOffset(int head_dim);  // kI8
// Of element (slot, dim), in elements from the first key or value.
int64_t KvKeyIndex(KvDType dtype, int head_dim, int slot, int dim);
int64_t KvValueIndex(KvDType dtype, int head_dim, int slot, int dim);

// One layer of a cache. Owns nothing.
struct KvLayer {
  uint8_t* data = nullptr;         // this layer of block 0; 64-byte aligned
  int64_t block_stride_bytes = 0;  // from a block to the next
  KvDType dtype = KvDType::kBF16;
  int num_kv_heads = 0;
  int head_dim = 0;

  uint8_t* head(int32_t block, int kv_head) const {
    return data + block * block_stride_bytes +
           kv_head * KvHeadBytes(dtype, head_dim);
  }
};

}  // namespace tessera::attention
