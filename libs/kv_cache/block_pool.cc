#include "libs/kv_cache/block_pool.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"

namespace tessera::kv_cache {

absl::StatusOr<std::unique_ptr<BlockPool>> BlockPool::Create(
    const KvGeometry& geometry, int32_t num_blocks) {
  ASSIGN_OR_RETURN(KvArena arena, KvArena::Create(geometry, num_blocks));
  return std::unique_ptr<BlockPool>(new BlockPool(std::move(arena)));
}

BlockPool::BlockPool(KvArena arena)
    : arena_(std::move(arena)),
      num_owners_(arena_.num_blocks()),
      is_cached_(arena_.num_blocks()) {
  free_.reserve(num_blocks());
  for (BlockId id = num_blocks() - 1; id >= 0; --id) free_.push_back(id);
}

BlockPool::~BlockPool() {
  CHECK(num_free() == num_blocks())
      << num_blocks() - num_free() << " blocks have owners";
}

absl::StatusOr<BlockId> BlockPool::Allocate() {
  if (free_.empty()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("all ", num_blocks(), " KV blocks are in use"));
  }
  const BlockId id = free_.back();
  free_.pop_back();
  num_owners_[id] = 1;
  return id;
}

void BlockPool::Ref(BlockId id) {
  CHECK(num_owners(id) > 0) << "block " << id << " is free";
  CHECK(num_owners_[id] < std::numeric_limits<int32_t>::max());
  if (++num_owners_[id] == 2 && is_cached_[id]) --num_only_cached_;
}

void BlockPool::Unref(BlockId id) {
  CHECK(num_owners(id) > 0) << "block " << id << " is free";
  CHECK(num_owners_[id] > 1 || !is_cached_[id])
      << "block " << id << " has no owner but the prefix tree";
  --num_owners_[id];
  if (num_owners_[id] == 0) free_.push_back(id);
  if (num_owners_[id] == 1 && is_cached_[id]) ++num_only_cached_;
}

void BlockPool::RefCached(BlockId id) {
  CHECK(!is_cached(id)) << "block " << id << " is cached already";
  Ref(id);
  is_cached_[id] = true;
}

void BlockPool::UnrefCached(BlockId id) {
  CHECK(is_cached(id)) << "block " << id << " is not cached";
  if (num_owners_[id] == 1) --num_only_cached_;
  is_cached_[id] = false;
  Unref(id);
}

bool BlockPool::is_cached(BlockId id) const {
  CHECK(id >= 0 && id < num_blocks())
      << "block " << id << " of " << num_blocks();
  return is_cached_[id];
}

int32_t BlockPool::num_owners(BlockId id) const {
  CHECK(id >= 0 && id < num_blocks())
      << "block " << id << " of " << num_blocks();
  return num_owners_[id];
}

}  // namespace tessera::kv_cache
