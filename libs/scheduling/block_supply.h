// BlockSupply: the blocks that can be had, free or by evicting cached ones.
#pragma once

#include <cstdint>

#include "libs/kv_cache/block_pool.h"
#include "libs/kv_cache/block_table.h"
#include "libs/kv_cache/prefix_tree.h"

namespace tessera::scheduling {

class BlockSupply {
 public:
  // Both outlive it.
  BlockSupply(kv_cache::BlockPool& pool, kv_cache::PrefixTree& tree)
      : pool_(pool), tree_(tree) {}

  int64_t num_available() const {
    return int64_t{pool_.num_free()} + pool_.num_only_cached();
  }

  // Blocks of so many tokens.
  int64_t NumBlocks(int64_t num_tokens) const;

  // Tokens that could be appended to `table` with what is available.
  int64_t NumTokensThatFit(const kv_cache::BlockTable& table) const;

  // Appends so many, evicting as needed. CHECK: they fit.
  void Append(int64_t num_tokens, kv_cache::BlockTable& table);

 private:
  int block_tokens() const { return pool_.geometry().block_tokens; }

  kv_cache::BlockPool& pool_;
  kv_cache::PrefixTree& tree_;
};

}  // namespace tessera::scheduling
