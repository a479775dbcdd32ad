// BlockTable: where the keys and values of one sequence lie.
//
// Position p is token p % B of block block_ids()[p / B], B tokens a block.
//
//   |<------------------ block_ids() ------------------>|
//   | full | full | ... | full | tail: num_tokens() % B |
//
// Forks and other owners share full blocks and, until one writes to it, the
// tail. A table writes only behind its last token, which Append prepares:
// a shared tail is replaced by a copy of one's own.
//
//   RETURN_IF_ERROR(table.Append(draft.size()));      // positions now writable
//   Forward(table.block_ids(), ...);                  // stores keys and values
//   table.Truncate(table.num_tokens() - num_rejected);
//
// To compute a position again (the last token of a prompt that was cached
// whole), Truncate to it, then Append: never write into a block that may be
// shared. One thread at a time, as its pool.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "libs/kv_cache/block_pool.h"

namespace tessera::kv_cache {

class BlockTable {
 public:
  // Empty. The pool outlives the table.
  explicit BlockTable(BlockPool& pool) : pool_(&pool) {}
  ~BlockTable() { Truncate(0); }
  // What is moved from is empty.
  BlockTable(BlockTable&& other) noexcept;
  BlockTable& operator=(BlockTable&& other) noexcept;

  int64_t num_tokens() const { return num_tokens_; }
  absl::Span<const BlockId> block_ids() const { return block_ids_; }

  // Free blocks that Append(num_tokens) would take, a copy of the tail
  // included.
  int64_t NumBlocksToAppend(int64_t num_tokens) const;

  // Makes room for `num_tokens` (at least 0) more, in blocks that nobody else
  // owns. ResourceExhausted, and nothing changed: fewer blocks are free.
  absl::Status Append(int64_t num_tokens);

  // Forgets positions from `num_tokens` on: [0, num_tokens()].
  void Truncate(int64_t num_tokens);

  // The same tokens in the same blocks, each with one owner more.
  BlockTable Fork() const;

  // Appends the tokens of a full block that others hold already, which then has
  // one owner more. CHECK: the table has no partial tail.
  void Adopt(BlockId full_block);

  // Appends the first `num_tokens` of another's block, [1, B), copied into a
  // block of one's own. ResourceExhausted, and nothing changed: none is free.
  // CHECK: the table has no partial tail.
  absl::Status AdoptCopy(BlockId block, int num_tokens);

  // Lets go of full block `index` for `same`, which holds the same tokens.
  void Replace(int64_t index, BlockId same);

 private:
  bool TailIsShared() const;

  BlockPool* pool_;
  int64_t num_tokens_ = 0;
  std::vector<BlockId> block_ids_;  // ceil(num_tokens_ / B)
};

}  // namespace tessera::kv_cache
