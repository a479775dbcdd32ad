#include "libs/kv_cache/block_pool.h"

#include <memory>

#include "gtest/gtest.h"

namespace tessera::kv_cache {
namespace {

constexpr KvGeometry kGeometry = {
    .block_tokens = 4, .num_layers = 1, .layer_bytes = 64};

TEST(BlockPoolTest, HandsOutEachBlockOnceFromZeroOn) {
  const std::unique_ptr<BlockPool> pool = *BlockPool::Create(kGeometry, 3);
  EXPECT_EQ(pool->num_free(), 3);
  for (BlockId id = 0; id < 3; ++id) {
    EXPECT_EQ(pool->num_owners(id), 0);
    EXPECT_EQ(*pool->Allocate(), id);
    EXPECT_EQ(pool->num_owners(id), 1);
  }
  EXPECT_EQ(pool->num_free(), 0);
  const absl::Status status = pool->Allocate().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "all 3 KV blocks are in use");
  for (BlockId id = 0; id < 3; ++id) pool->Unref(id);
}

TEST(BlockPoolTest, HandsOutTheBlockFreedLast) {
  const std::unique_ptr<BlockPool> pool = *BlockPool::Create(kGeometry, 4);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool->Allocate().ok());
  pool->Unref(0);
  pool->Unref(2);
  EXPECT_EQ(*pool->Allocate(), 2);
  EXPECT_EQ(*pool->Allocate(), 0);
  EXPECT_EQ(*pool->Allocate(), 3);
  for (BlockId id = 0; id < 4; ++id) pool->Unref(id);
}

TEST(BlockPoolTest, FreesABlockWithItsLastOwner) {
  const std::unique_ptr<BlockPool> pool = *BlockPool::Create(kGeometry, 1);
  const BlockId id = *pool->Allocate();
  pool->Ref(id);
  pool->Ref(id);
  EXPECT_EQ(pool->num_owners(id), 3);
  pool->Unref(id);
  pool->Unref(id);
  EXPECT_EQ(pool->num_free(), 0);
  pool->Unref(id);
  EXPECT_EQ(pool->num_free(), 1);
}

TEST(BlockPoolTest, CountsBlocksThatOnlyTheTreeHolds) {
  const std::unique_ptr<BlockPool> pool = *BlockPool::Create(kGeometry, 2);
  const BlockId id = *pool->Allocate();
  pool->RefCached(id);
  EXPECT_TRUE(pool->is_cached(id));
  EXPECT_EQ(pool->num_only_cached(), 0);
  pool->Unref(id);
  EXPECT_EQ(pool->num_only_cached(), 1);
  pool->Ref(id);
  EXPECT_EQ(pool->num_only_cached(), 0);
  pool->UnrefCached(id);
  EXPECT_EQ(pool->num_owners(id), 1);
  EXPECT_EQ(pool->num_only_cached(), 0);
  pool->RefCached(id);
  pool->Unref(id);
  pool->UnrefCached(id);
  EXPECT_EQ(pool->num_only_cached(), 0);
  EXPECT_EQ(pool->num_free(), 2);
}

TEST(BlockPoolTest, ErrorsOfTheArenaReachTheCaller) {
  EXPECT_EQ(BlockPool::Create(kGeometry, -1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(BlockPoolDeathTest, MisuseEndsTheProcess) {
  const std::unique_ptr<BlockPool> pool = *BlockPool::Create(kGeometry, 2);
  const BlockId id = *pool->Allocate();
  pool->Unref(id);
  EXPECT_DEATH(pool->Unref(id), "block 0 is free");
  EXPECT_DEATH(pool->Ref(id), "block 0 is free");
  EXPECT_DEATH(pool->UnrefCached(id), "block 0 is not cached");
  EXPECT_DEATH(pool->Unref(2), "block 2 of 2");
  EXPECT_DEATH(pool->num_owners(-1), "block -1 of 2");
}

TEST(BlockPoolDeathTest, ALeakedBlockEndsTheProcess) {
  EXPECT_DEATH((*BlockPool::Create(kGeometry, 2))->Allocate().IgnoreError(),
               "1 blocks have owners");
}

}  // namespace
}  // namespace tessera::kv_cache
