#include "libs/scheduling/block_supply.h"

#include "libs/base/check.h"

namespace tessera::scheduling {

int64_t BlockSupply::NumBlocks(int64_t num_tokens) const {
  return (num_tokens + block_tokens() - 1) / block_tokens();
}

int64_t BlockSupply::NumTokensThatFit(const kv_cache::BlockTable& table) const {
  const int64_t num_in_tail = table.num_tokens() % block_tokens();
  if (num_in_tail == 0) return num_available() * block_tokens();
  const int64_t num_copies = table.NumBlocksToAppend(1);  // of a shared tail
  if (num_copies > num_available()) return 0;
  return block_tokens() - num_in_tail +
         (num_available() - num_copies) * block_tokens();
}

void BlockSupply::Append(int64_t num_tokens, kv_cache::BlockTable& table) {
  const int64_t num_needed = table.NumBlocksToAppend(num_tokens);
  while (pool_.num_free() < num_needed) {
    CHECK(tree_.EvictOne()) << num_needed << " blocks, and only "
                            << pool_.num_free() << " can be had";
  }
  const absl::Status appended = table.Append(num_tokens);
  CHECK(appended.ok()) << appended;
}

}  // namespace tessera::scheduling
