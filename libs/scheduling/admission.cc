#include "libs/scheduling/admission.h"

#include <cstdint>

namespace tessera::scheduling {
namespace {

// What the running prompts have still to be given.
int64_t NumPromisedBlocks(const RankedSequences& running,
                          const BlockSupply& supply) {
  int64_t num_blocks = 0;
  for (const auto& [rank, sequence] : running) {
    if (!sequence->is_prompt()) continue;
    num_blocks += supply.NumBlocks(sequence->num_tokens()) -
                  static_cast<int64_t>(sequence->table.block_ids().size());
  }
  return num_blocks;
}

}  // namespace

bool CanAdmit(const Sequence& sequence,
              const kv_cache::PrefixTree::Match& match,
              const RankedSequences& running, const kv_cache::BlockPool& pool,
              const BlockSupply& supply) {
  if (running.empty()) return true;
  int64_t num_needed = supply.NumBlocks(sequence.num_tokens());
  for (const kv_cache::BlockId block : match.blocks) {
    // One that nobody else holds counts as available now, and then no more.
    if (pool.num_owners(block) > 1) --num_needed;
  }
  const auto num_reserved = static_cast<int64_t>(running.size());
  return num_needed + NumPromisedBlocks(running, supply) + num_reserved <=
         supply.num_available();
}

}  // namespace tessera::scheduling
