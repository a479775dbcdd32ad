#include "libs/kernels/attention/tile_planner.h"

#include "gtest/gtest.h"

namespace tessera::attention {
namespace {

TEST(TilePlannerTest, TakesTheLargestTileWhereItFits) {
  const TilePlan cpu =
      PlanTile(CpuTileDevice(int64_t{1} << 20), {.head_dim = 64, .group = 3});
  EXPECT_EQ(cpu.queries, 128);
  EXPECT_EQ(cpu.keys, 128);
  EXPECT_EQ(cpu.bytes, 128 * 3 * 64 * 6 + 2 * 128 * 2 * 64 * 2);
  const TilePlan gpu = PlanTile(GpuTileDevice(), {.head_dim = 64});
  EXPECT_EQ(gpu.queries, 128);
  EXPECT_EQ(gpu.keys, 128);
  EXPECT_EQ(gpu.bytes, 80 << 10);
}

TEST(TilePlannerTest, ShrinksUntilItFits) {
  for (const int head_dim : {64, 128, 256}) {
    for (const int64_t kib : {48, 96, 227, 1024}) {
      const TilePlan plan =
          PlanTile(GpuTileDevice(kib << 10), {.head_dim = head_dim});
      const bool is_smallest = plan.queries == 16 && plan.keys == 32;
      EXPECT_TRUE(plan.bytes <= kib << 10 || is_smallest) << plan.Explain();
      EXPECT_EQ(plan.queries % 16, 0);
      EXPECT_EQ(plan.keys % 32, 0);
    }
  }
  // 16 heads of 128 a query.
  const TileDevice cpu = CpuTileDevice(int64_t{1} << 20);
  const TilePlan wide = PlanTile(cpu, {.head_dim = 128, .group = 16});
  EXPECT_EQ(wide.queries, 32);
  EXPECT_EQ(wide.keys, 64);
  const TilePlan whole_chunks = PlanTile(
      cpu, {.head_dim = 128, .group = 16, .max_keys = 256, .min_keys = 256});
  EXPECT_EQ(whole_chunks.queries, 16);
  EXPECT_EQ(whole_chunks.keys, 256);
}

TEST(TilePlannerTest, SaysWhatItChoseAndWhy) {
  const TileRequest request = {.head_dim = 64, .group = 3};
  EXPECT_EQ(PlanTile(CpuTileDevice(int64_t{1} << 20), request).Explain(),
            "128 queries x 128 keys: 3 heads of 64 a query take 147456 bytes "
            "with their sums, keys and values 65536 in 2 stages; 212992 of "
            "524288 bytes on chip: the largest tile asked for");
  EXPECT_NE(PlanTile(GpuTileDevice(1 << 10), request)
                .Explain()
                .find("the smallest tile"),
            std::string::npos);
}

}  // namespace
}  // namespace tessera::attention
