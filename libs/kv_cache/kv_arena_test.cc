#include "libs/kv_cache/kv_arena.h"

#include <cstring>
#include <limits>

#include "gtest/gtest.h"

namespace tessera::kv_cache {
namespace {

constexpr KvGeometry kGeometry = {
    .block_tokens = 32, .num_layers = 3, .layer_bytes = 128};

TEST(KvArenaTest, BlocksAndLayersAreDisjointAlignedAndZero) {
  KvArena arena = *KvArena::Create(kGeometry, 4);
  for (int block = 0; block < 4; ++block) {
    for (int layer = 0; layer < 3; ++layer) {
      uint8_t* data = arena.layer(layer) + block * kGeometry.block_bytes();
      EXPECT_EQ(data, arena.block(block) + layer * 128);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % 64, 0);
      for (int i = 0; i < 128; ++i) EXPECT_EQ(data[i], 0);
      std::memset(data, 1 + layer + 3 * block, 128);
    }
  }
  for (int i = 0; i < 4 * 3 * 128; ++i) {
    EXPECT_EQ(arena.block(0)[i], 1 + i / 128);
  }
}

TEST(KvArenaTest, CopiesAWholeBlockAndNothingElse) {
  KvArena arena = *KvArena::Create(kGeometry, 3);
  std::memset(arena.block(0), 7, 384);
  std::memset(arena.block(1), 8, 384);
  std::memset(arena.block(2), 9, 384);
  arena.CopyBlock(0, 1);
  for (int i = 0; i < 384; ++i) {
    EXPECT_EQ(arena.block(0)[i], 7);
    EXPECT_EQ(arena.block(1)[i], 7);
    EXPECT_EQ(arena.block(2)[i], 9);
  }
}

TEST(KvArenaTest, SizesFromABudget) {
  EXPECT_EQ(*NumBlocksWithin(kGeometry, 384), 1);
  EXPECT_EQ(*NumBlocksWithin(kGeometry, 10 * 384 - 1), 9);
  EXPECT_EQ(*NumBlocksWithin(kGeometry, std::numeric_limits<int64_t>::max()),
            std::numeric_limits<int32_t>::max());
  const absl::Status none = NumBlocksWithin(kGeometry, 383).status();
  EXPECT_EQ(none.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(none.message(),
            "KV memory of 383 bytes: one block of 32 tokens takes 384");
  EXPECT_FALSE(NumBlocksWithin(kGeometry, -1).ok());
}

TEST(KvArenaTest, RefusesWhatCannotBe) {
  for (const KvGeometry& geometry :
       {KvGeometry{}, KvGeometry{0, 1, 64}, KvGeometry{1, -1, 64},
        KvGeometry{1, 1, 65}, KvGeometry{1, int64_t{1} << 60, 64},
        KvGeometry{1, 1, int64_t{1} << 60}}) {
    EXPECT_EQ(KvArena::Create(geometry, 1).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(NumBlocksWithin(geometry, 1 << 20).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(KvArena::Create(kGeometry, -1).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(KvArena::Create({1, 1, int64_t{1} << 40}, 1 << 30).status().code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace tessera::kv_cache
