#include "libs/scheduling/followers.h"

#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tessera::scheduling {
namespace {

// A block by the path to it and its tokens. Sequences of one path have the
// tree's blocks in common, so that the last of them stands for the path.
struct NextBlock {
  bool is_public = true;
  absl::string_view salt;  // of one that is not
  kv_cache::BlockId last_shared = 0;
  int64_t num_shared = 0;
  absl::Span<const int32_t> tokens;

  friend bool operator==(const NextBlock& a, const NextBlock& b) {
    return std::tie(a.num_shared, a.last_shared, a.is_public, a.salt,
                    a.tokens) ==
           std::tie(b.num_shared, b.last_shared, b.is_public, b.salt, b.tokens);
  }
  template <typename H>
  friend H AbslHashValue(H state, const NextBlock& block) {
    return H::combine(std::move(state), block.num_shared, block.last_shared,
                      block.is_public, block.salt, block.tokens);
  }
};

// The block that the sequence is computing or will compute next. CHECK-free:
// ask HasNextBlock first.
NextBlock NextBlockOf(const Sequence& sequence, int block_tokens) {
  NextBlock block;
  block.num_shared = sequence.num_shared_blocks;
  block.is_public = block.num_shared < sequence.num_public_blocks;
  if (!block.is_public) block.salt = sequence.cache_salt;
  if (block.num_shared > 0) {
    block.last_shared = sequence.table.block_ids()[block.num_shared - 1];
  }
  block.tokens = absl::MakeConstSpan(sequence.tokens)
                     .subspan(block.num_shared * block_tokens, block_tokens);
  return block;
}

// All before is shared, and its tokens are known: others will find it.
bool HasNextBlock(const Sequence& sequence, int block_tokens) {
  return sequence.num_computed / block_tokens == sequence.num_shared_blocks &&
         (sequence.num_shared_blocks + 1) * block_tokens <=
             sequence.num_tokens();
}

}  // namespace

void MarkFollowers(const RankedSequences& running, int block_tokens,
                   const PrefixSharing& sharing) {
  absl::flat_hash_map<NextBlock, const Sequence*> leaders;
  for (const auto& [rank, sequence] : running) {
    if (!HasNextBlock(*sequence, block_tokens)) continue;
    const Sequence*& leader = leaders[NextBlockOf(*sequence, block_tokens)];
    if (leader == nullptr || leader->num_computed < sequence->num_computed) {
      leader = sequence;
    }
  }
  for (const auto& [rank, sequence] : running) {
    sequence->is_follower =
        sharing.NumTakeable(*sequence) >= block_tokens &&
        leaders.at(NextBlockOf(*sequence, block_tokens)) != sequence;
  }
}

}  // namespace tessera::scheduling
