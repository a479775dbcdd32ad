#include "libs/scheduling/loading.h"

#include <algorithm>
#include <optional>

#include "libs/base/check.h"
#include "libs/scheduling/prefix_sharing.h"

namespace tessera::scheduling {

using kv_cache::BlockId;
using kv_cache::PrefixTree;

Loading::Loading(kv_cache::BlockPool& pool, PrefixTree& tree,
                 BlockSupply& supply, const Sequence& sequence,
                 const PrefixTree::Match& match, int64_t num_blocks)
    : pool_(pool),
      tree_(tree),
      sequence_(sequence),
      first_block_(match.blocks.size()),
      path_(pool) {
  for (const BlockId block : match.blocks) path_.Adopt(block);
  num_blocks = std::min(num_blocks, supply.num_available());
  while (static_cast<int64_t>(blocks_.size()) < num_blocks) {
    if (pool.num_free() == 0 && !tree.EvictOne()) break;
    blocks_.push_back(*pool.Allocate());
  }
}

Loading::~Loading() {
  for (size_t i = num_filled_; i < blocks_.size(); ++i) pool_.Unref(blocks_[i]);
  // Leaves first, as eviction has it.
  path_.Truncate(0);
}

void Loading::Filled(int64_t num_blocks) {
  CHECK(num_blocks >= num_filled_ && num_blocks <= blocks_.size())
      << num_blocks << " of " << blocks_.size();
  const int block_tokens = pool_.geometry().block_tokens;
  for (; num_filled_ < num_blocks; ++num_filled_) {
    const BlockId own = blocks_[num_filled_];
    const int64_t index = first_block_ + num_filled_;
    std::optional<BlockId> shared;
    if (!is_broken_) {
      std::optional<BlockId> before;
      if (index > 0) before = path_.block_ids().back();
      shared = tree_.Insert(PrefixSharing::PlaceOf(sequence_, index, before),
                            absl::MakeConstSpan(sequence_.tokens)
                                .subspan(index * block_tokens, block_tokens),
                            own);
    }
    is_broken_ = !shared.has_value();
    if (!is_broken_) path_.Adopt(*shared);
    pool_.Unref(own);
  }
}

}  // namespace tessera::scheduling
