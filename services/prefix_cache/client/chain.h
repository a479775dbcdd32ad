// Chain: the blocks of one prefix, by name and by what they must hold.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "services/prefix_cache/record.h"

namespace tessera::prefix_cache {

struct Chain {
  Hash root = {};  // kv_cache::PrefixHasher::root()
  int block_tokens = 0;
  int64_t payload_bytes = 0;    // of every block
  std::vector<Hash> hashes;     // kv_cache::PrefixHasher::Chain
  std::vector<int32_t> tokens;  // block_tokens for each hash

  const Hash& parent(size_t block) const {
    return block == 0 ? root : hashes[block - 1];
  }
  absl::Span<const int32_t> tokens_of(size_t block) const {
    return absl::MakeConstSpan(tokens).subspan(block * block_tokens,
                                               block_tokens);
  }
  int64_t record_bytes() const {
    return kRecordHeaderBytes + int64_t{4} * block_tokens + payload_bytes;
  }
};

struct MatchedBlocks {
  int64_t num_blocks = 0;     // stored, from the first on
  int64_t num_in_memory = 0;  // of those
};

}  // namespace tessera::prefix_cache
