#include "libs/scheduling/prefix_sharing.h"

#include <algorithm>
#include <optional>

#include "absl/types/span.h"
#include "libs/base/check.h"

namespace tessera::scheduling {

using kv_cache::BlockId;
using kv_cache::PrefixTree;

PrefixTree::Place PrefixSharing::PlaceOf(const Sequence& sequence,
                                         int64_t index,
                                         std::optional<BlockId> before) {
  if (index < sequence.num_public_blocks) return {.below = before};
  return {.salt = sequence.cache_salt,
          .below = before,
          .enters_salt = index == sequence.num_public_blocks};
}

PrefixTree::Place PrefixSharing::NextPlaceOf(const Sequence& sequence) const {
  const int64_t index = sequence.num_shared_blocks;
  if (index == 0) return PlaceOf(sequence, 0, std::nullopt);
  return PlaceOf(sequence, index, sequence.table.block_ids()[index - 1]);
}

int64_t PrefixSharing::NumTakeable(const Sequence& sequence) const {
  if (!enabled_ ||
      sequence.num_computed != sequence.num_shared_blocks * block_tokens()) {
    return 0;
  }
  int64_t end = sequence.num_tokens() - 1;
  if (sequence.computes_whole_prompt) {
    end = std::min(end, sequence.most_computed);
  }
  return std::max<int64_t>(0, end - sequence.num_computed);
}

PrefixTree::Match PrefixSharing::Find(const Sequence& sequence) {
  const int64_t num_takeable = NumTakeable(sequence);
  if (num_takeable == 0) return {};
  auto tokens = absl::MakeConstSpan(sequence.tokens)
                    .subspan(sequence.num_computed, num_takeable);
  const int64_t num_public_left =
      sequence.num_public_blocks - sequence.num_shared_blocks;
  if (num_public_left <= 0) return tree_.Find(NextPlaceOf(sequence), tokens);
  PrefixTree::Match match =
      tree_.Find(NextPlaceOf(sequence),
                 tokens.subspan(0, num_public_left * block_tokens()));
  if (match.blocks.size() < num_public_left) return match;
  tokens.remove_prefix(num_public_left * block_tokens());
  const PrefixTree::Match own = tree_.Find(
      PlaceOf(sequence, sequence.num_public_blocks, match.blocks.back()),
      tokens);
  match.blocks.insert(match.blocks.end(), own.blocks.begin(), own.blocks.end());
  match.tail = own.tail;
  return match;
}

void PrefixSharing::TakeBlocks(const PrefixTree::Match& match,
                               Sequence& sequence) {
  for (const BlockId block : match.blocks) sequence.table.Adopt(block);
  const auto num_blocks = static_cast<int64_t>(match.blocks.size());
  sequence.num_shared_blocks += num_blocks;
  Count(num_blocks * block_tokens(), sequence);
}

void PrefixSharing::TakeTail(Sequence& sequence) {
  const std::optional<PrefixTree::Tail> tail = Find(sequence).tail;
  if (!tail.has_value()) return;
  pool_.Ref(tail->block);  // what is evicted for the copy must not be this
  if (pool_.num_free() == 0) tree_.EvictOne();
  if (pool_.num_free() > 0) {
    const absl::Status copied =
        sequence.table.AdoptCopy(tail->block, tail->num_tokens);
    CHECK(copied.ok()) << copied;
    Count(tail->num_tokens, sequence);
  }
  pool_.Unref(tail->block);
}

void PrefixSharing::Count(int64_t num_taken, Sequence& sequence) {
  sequence.num_computed += num_taken;
  if (sequence.num_preemptions > 0) return;
  sequence.num_cached += num_taken;
  num_hit_tokens_ += num_taken;
}

void PrefixSharing::GiveBlocks(Sequence& sequence) {
  if (!enabled_) return;
  int64_t& index = sequence.num_shared_blocks;
  const auto tokens = absl::MakeConstSpan(sequence.tokens);
  while ((index + 1) * block_tokens() <= sequence.num_computed) {
    const BlockId own = sequence.table.block_ids()[index];
    const std::optional<BlockId> shared = tree_.Insert(
        NextPlaceOf(sequence),
        tokens.subspan(index * block_tokens(), block_tokens()), own);
    if (!shared.has_value()) return;  // it stays its own, and all that follow
    if (*shared != own) sequence.table.Replace(index, *shared);
    ++index;
  }
}

void PrefixSharing::GiveTail(const Sequence& sequence) {
  const int64_t num_full = sequence.num_computed / block_tokens();
  if (!enabled_ || sequence.num_shared_blocks != num_full) return;
  const auto tail = absl::MakeConstSpan(sequence.tokens)
                        .first(sequence.num_computed)
                        .subspan(num_full * block_tokens());
  if (!tail.empty()) {
    tree_.Insert(NextPlaceOf(sequence), tail,
                 sequence.table.block_ids()[num_full]);
  } else if (num_full > 0) {
    tree_.Touch(sequence.table.block_ids()[num_full - 1]);
  }
}

void PrefixSharing::ReclaimTail(const Sequence& sequence) {
  if (sequence.num_computed % block_tokens() == 0) return;
  const BlockId tail = sequence.table.block_ids().back();
  if (pool_.is_cached(tail) && pool_.num_owners(tail) == 2) tree_.Forget(tail);
}

}  // namespace tessera::scheduling
