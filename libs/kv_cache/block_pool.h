// BlockPool: which KV blocks are free, and how many hold each of the others.
//
// A block's owners are the block tables that list it, and whoever else took a
// reference (the prefix tree). A block with one owner may be written by it; one
// with several is read only. The last Unref makes it free.
//
// The prefix tree's reference is told apart, so that the blocks that nobody but
// it holds are counted as they become so: they can be had by evicting.
//
// An allocated block holds what its last user left (finite numbers; zeros the
// first time). Storing the first token of a block clears the rest of it
// (StoreKeysValues), so clearing here would only write 720 KB twice.
//
// The block freed last is the next one handed out: the likeliest to be in a
// cache, and the pool touches no more memory than it ever held at a time. A new
// pool hands out 0, 1, 2, ...
//
// One thread at a time, and none while a forward pass reads the blocks; the
// arena's bytes are not this class's business.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/kv_cache/kv_arena.h"

namespace tessera::kv_cache {

class BlockPool {
 public:
  // Errors as KvArena::Create's.
  static absl::StatusOr<std::unique_ptr<BlockPool>> Create(
      const KvGeometry& geometry, int32_t num_blocks);

  // CHECK: every block is free again; a table outlived its pool otherwise.
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  const KvGeometry& geometry() const { return arena_.geometry(); }
  int32_t num_blocks() const { return arena_.num_blocks(); }
  int32_t num_free() const { return static_cast<int32_t>(free_.size()); }

  // A block with one owner. ResourceExhausted: none is free.
  absl::StatusOr<BlockId> Allocate();

  // One owner more, or less. CHECK: the block is not free.
  void Ref(BlockId id);
  void Unref(BlockId id);

  // 0: free.
  int32_t num_owners(BlockId id) const;

  // The prefix tree's own Ref and Unref. CHECK: it has none of the block, or
  // has one.
  void RefCached(BlockId id);
  void UnrefCached(BlockId id);
  bool is_cached(BlockId id) const;

  // Blocks whose only owner is the prefix tree.
  int32_t num_only_cached() const { return num_only_cached_; }

  KvArena& arena() { return arena_; }
  const KvArena& arena() const { return arena_; }

 private:
  explicit BlockPool(KvArena arena);

  KvArena arena_;
  std::vector<int32_t> num_owners_;  // [num_blocks]
  std::vector<bool> is_cached_;      // [num_blocks]
  std::vector<BlockId> free_;        // the last is the next to go
  int32_t num_only_cached_ = 0;
};

}  // namespace tessera::kv_cache
