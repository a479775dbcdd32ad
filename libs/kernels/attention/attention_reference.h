// Attention and storing in plain loops: the oracle of the fast kernels, and the
// path of float caches and of head dimensions that those do not take.
#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "libs/kernels/attention/kv_layout.h"

namespace tessera::attention {

// One token into slot [0, kKvBlockTokens) of one head's bytes.
void StoreTokenReference(const float* key, const float* value, KvDType dtype,
                         int head_dim, int slot, uint8_t* head);

// Where a sequence's blocks of one head are.
struct HeadBlocks {
  const uint8_t* base = nullptr;  // the head in block 0
  int64_t stride_bytes = 0;
  const int32_t* block_table = nullptr;  // null: block i is i

  const uint8_t* operator[](int64_t index) const {
    return base +
           (block_table == nullptr ? index : block_table[index]) * stride_bytes;
  }
};

// Floats of scratch for one call below, whatever its arguments.
int64_t ReferenceScratchFloats(int head_dim, int num_rows);

// `num_rows` query heads [num_rows, D] of one token over keys [begin, end) of
// their common head. log_sum_exp [num_rows] may be null.
struct ReferenceArgs {
  HeadBlocks blocks;
  KvDType dtype = KvDType::kF32;
  int head_dim = 0;
  const float* query = nullptr;
  int num_rows = 0;
  int64_t begin = 0;
  int64_t end = 0;
  float scale = 1;
  float* output = nullptr;
  float* log_sum_exp = nullptr;
  float* scratch = nullptr;
};
void AttendReference(const ReferenceArgs& args);

}  // namespace tessera::attention
