// What one forward pass computes: a ragged batch of sequences' next tokens.
#pragma once

#include <cstdint>

#include "absl/types/span.h"

namespace tessera::model {

// The next tokens of one sequence: a prompt, a chunk of one, a single token, or
// a token and its drafts.
struct BatchSequence {
  absl::Span<const int32_t> tokens;  // at least one
  // Of tokens[0]; the keys and values of all earlier ones are in the cache.
  int64_t first_position = 0;
  // Entry i is the KV block of positions [32 i, 32 i + 32). Covers every
  // position up to the last token's; those it is about to write belong to no
  // one else.
  absl::Span<const int32_t> block_table;
  // Of the last so many tokens the logits are wanted: from 0 to tokens.size().
  int num_logits = 0;
};

// The cache's blocks: all layers and heads of a block lie together.
struct KvBlocks {
  uint8_t* data = nullptr;  // block 0; 64-byte aligned
  int64_t block_bytes = 0;  // Model::kv_block_bytes()
  int64_t num_blocks = 0;
};

}  // namespace tessera::model
