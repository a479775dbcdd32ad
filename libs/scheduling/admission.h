// Admission: whether there are blocks for one more running sequence.
#pragma once

#include "libs/kv_cache/block_pool.h"
#include "libs/kv_cache/prefix_tree.h"
#include "libs/scheduling/block_supply.h"
#include "libs/scheduling/sequence.h"

namespace tessera::scheduling {

// Blocks can be had for all tokens of `sequence` that `match` does not bring,
// and besides for what the running prompts have still to compute, and one for
// each running sequence, so that an admission is not the next preemption.
// Always, where nothing runs: every block can be had then, and the sequence is
// no longer than the pool.
bool CanAdmit(const Sequence& sequence,
              const kv_cache::PrefixTree::Match& match,
              const RankedSequences& running, const kv_cache::BlockPool& pool,
              const BlockSupply& supply);

}  // namespace tessera::scheduling
