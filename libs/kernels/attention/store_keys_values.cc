#include "libs/kernels/attention/store_keys_values.h"

#include <algorithm>
#include <cstring>

namespace tessera::attention {
namespace {

using device::Range;

constexpr int kB = kKvBlockTokens;

// Kernels read whole blocks and multiply what is masked by 0: what a recycled
// block holds behind the sequence's last token must be finite. Whoever stores
// that token clears the slots behind it, which nobody else touches; once is
// enough, by the pass that begins the block.
void ClearBehind(StoreToken store, int head_dim, int last_slot, uint8_t* head) {
  static constexpr float kZeros[kMaxHeadDim] = {};
  for (int slot = last_slot + 1; slot < kB; ++slot) {
    store(kZeros, kZeros, head_dim, slot, head);
  }
}

}  // namespace

void StoreTokens(StoreToken store, const KeyValueRows& rows,
                 absl::Span<const AttentionSequence> sequences, Range tokens,
                 int kv_head, const KvLayer& kv) {
  const float* keys = rows.key + int64_t{kv_head} * kv.head_dim;
  const float* values = rows.value + int64_t{kv_head} * kv.head_dim;
  for (const AttentionSequence& sequence : sequences) {
    const int64_t last_row = sequence.first_query + sequence.num_queries - 1;
    const int64_t begin = std::max(tokens.begin, sequence.first_query);
    const int64_t end = std::min(tokens.end, last_row + 1);
    for (int64_t row = begin; row < end; ++row) {
      const int64_t position =
          sequence.first_position + row - sequence.first_query;
      const int slot = static_cast<int>(position % kB);
      uint8_t* head = kv.head(sequence.block_table[position / kB], kv_head);
      const bool begun_here = position - slot >= sequence.first_position;
      if (row == last_row && slot == 0) {
        std::memset(head, 0, KvHeadBytes(kv.dtype, kv.head_dim));
      } else if (row == last_row && begun_here) {
        ClearBehind(store, kv.head_dim, slot, head);
      }
      store(keys + row * rows.row_stride, values + row * rows.row_stride,
            kv.head_dim, slot, head);
    }
  }
}

}  // namespace tessera::attention
