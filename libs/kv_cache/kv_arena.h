// KvArena: the memory of all KV blocks, [block][layer][layer_bytes].
//
// A block holds the keys and values of block_tokens consecutive tokens in every
// layer, so that sharing, copying or storing one is a matter of one range of
// bytes. What lies inside a layer's bytes is the attention kernel's business
// (libs/kernels/attention/kv_layout.h).
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/check.h"
#include "libs/device/huge_buffer.h"

namespace tessera::kv_cache {

using BlockId = int32_t;  // [0, num_blocks)

struct KvGeometry {
  int block_tokens = 0;  // tokens of a block
  int64_t num_layers = 0;
  int64_t layer_bytes = 0;  // of one layer of one block; a multiple of 64

  int64_t block_bytes() const { return num_layers * layer_bytes; }

  // InvalidArgument, naming the field: a count below 1, layer_bytes not a
  // multiple of 64 (a line of cache and the widest load), or bytes of a block
  // beyond 2^40.
  absl::Status Validate() const;
};

// Blocks that fit in `budget_bytes`, at most 2^31 - 1. InvalidArgument: bad
// geometry, or not even one fits; says how many bytes one takes.
absl::StatusOr<int32_t> NumBlocksWithin(const KvGeometry& geometry,
                                        int64_t budget_bytes);

class KvArena {
 public:
  // Zeroed. The system commits its pages as they are first written.
  // InvalidArgument: bad geometry or a negative count. ResourceExhausted: the
  // system won't give that much.
  static absl::StatusOr<KvArena> Create(const KvGeometry& geometry,
                                        int32_t num_blocks);

  const KvGeometry& geometry() const { return geometry_; }
  int32_t num_blocks() const { return num_blocks_; }

  // block_bytes() bytes, 64-byte aligned.
  uint8_t* block(BlockId id) {
    DCHECK(id >= 0 && id < num_blocks_) << "block " << id;
    return buffer_.data() + id * geometry_.block_bytes();
  }
  const uint8_t* block(BlockId id) const {
    DCHECK(id >= 0 && id < num_blocks_) << "block " << id;
    return buffer_.data() + id * geometry_.block_bytes();
  }

  // A layer of block 0; that of block i is i * block_bytes() further on.
  uint8_t* layer(int64_t index) {
    DCHECK(index >= 0 && index < geometry_.num_layers) << "layer " << index;
    return buffer_.data() + index * geometry_.layer_bytes;
  }

  void CopyBlock(BlockId from, BlockId to);

 private:
  KvArena(const KvGeometry& geometry, int32_t num_blocks,
          device::HugeBuffer buffer);

  KvGeometry geometry_;
  int32_t num_blocks_;
  device::HugeBuffer buffer_;
};

}  // namespace tessera::kv_cache
