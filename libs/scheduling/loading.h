// Loading: blocks that are brought from elsewhere (a store of keys and values)
// into the prefix tree, ahead of the one sequence that is to find them there.
//
//   |<- path: the tree's, held ->|<- blocks to be filled, this one's own ->|
//   | matched | filled, in order |                                         |
//
// Whoever fills writes to blocks() from anywhere; here they become the tree's,
// one after the other, each below the one before. All of the path is held until
// the end, so that none of it is evicted meanwhile. What was not filled goes
// back to the pool with this.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/kv_cache/block_table.h"
#include "libs/kv_cache/prefix_tree.h"
#include "libs/scheduling/block_supply.h"
#include "libs/scheduling/sequence.h"

namespace tessera::scheduling {

class Loading {
 public:
  // For blocks `match.blocks.size()` and on of `sequence`, whose match this is;
  // at most `num_blocks`, fewer where fewer can be had. Evicts as needed. All
  // outlive it.
  Loading(kv_cache::BlockPool& pool, kv_cache::PrefixTree& tree,
          BlockSupply& supply, const Sequence& sequence,
          const kv_cache::PrefixTree::Match& match, int64_t num_blocks);
  // Nobody fills any more.
  ~Loading();
  Loading(const Loading&) = delete;
  Loading& operator=(const Loading&) = delete;

  // Of the sequence: the index of blocks()[0].
  int64_t first_block() const { return first_block_; }
  absl::Span<const kv_cache::BlockId> blocks() const { return blocks_; }

  // The first so many of blocks() are filled: they are the tree's from now on.
  // One that the tree has by now goes back to the pool instead.
  // CHECK: no fewer than before.
  void Filled(int64_t num_blocks);

 private:
  kv_cache::BlockPool& pool_;
  kv_cache::PrefixTree& tree_;
  const Sequence& sequence_;
  const int64_t first_block_;
  kv_cache::BlockTable path_;
  std::vector<kv_cache::BlockId> blocks_;
  int64_t num_filled_ = 0;
  // The tree could not take one (prefix_tree.h): nor any that follows.
  bool is_broken_ = false;
};

}  // namespace tessera::scheduling
