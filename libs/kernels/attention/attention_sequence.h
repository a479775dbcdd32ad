// The sequences of a ragged batch, and the rows that bring their keys and
// values.
#pragma once

#include <cstdint>

#include "absl/types/span.h"

namespace tessera::attention {

// Consecutive new tokens of one sequence: a prompt or a chunk of one, a token,
// or a token and its drafts. Query i sits at position first_position + i, which
// is also its key's; it sees keys 0 to its own.
struct AttentionSequence {
  int64_t first_query = 0;     // its row in the batch
  int num_queries = 0;         // at least 1
  int64_t first_position = 0;  // tokens in the cache before these
  // Block i holds positions [i * 32, i * 32 + 32); as many entries as its
  // positions need, the rest unread. So are, with a window, entries of blocks
  // that no query sees any more.
  absl::Span<const int32_t> block_table;
};

// Keys (rotated) and values of a batch, [T, row_stride] f32: head g of row t is
// at key + t * row_stride + g * D, `value` alike.
struct KeyValueRows {
  const float* key = nullptr;
  const float* value = nullptr;
  int64_t row_stride = 0;
};
}  // namespace tessera::attention
