#include "services/verifier/prefix/load_costs.h"

#include "gtest/gtest.h"

namespace tessera::verifier {
namespace {

constexpr BlocksToLoad kInMemory = {.num_in_memory = 10};
constexpr BlocksToLoad kOnDisk = {.num_on_disk = 10};

TEST(LoadCostsTest, LoadsWhatWasNeverMeasured) {
  LoadCosts costs(32);
  EXPECT_TRUE(costs.ShouldLoad(kInMemory));
  EXPECT_TRUE(costs.ShouldLoad(kOnDisk));
  EXPECT_FALSE(costs.ShouldLoad({}));
  EXPECT_EQ(costs.ToCompute(1), absl::Milliseconds(32));
}

TEST(LoadCostsTest, ComputesWhatASlowStoreWouldBringLater) {
  LoadCosts costs(32);
  costs.Computed(1000, absl::Seconds(1));
  costs.Loaded(kInMemory, absl::Milliseconds(100));
  costs.Loaded(kOnDisk, absl::Seconds(1));
  EXPECT_TRUE(costs.ShouldLoad(kInMemory));  // 10 ms a block against 32
  EXPECT_FALSE(costs.ShouldLoad(kOnDisk));   // 100 ms a block
}

TEST(LoadCostsTest, TriesASlowStoreAgainInTime) {
  LoadCosts costs(32);
  costs.Computed(1000, absl::Seconds(1));
  costs.Loaded(kOnDisk, absl::Seconds(1));
  int num_refused = 0;
  while (!costs.ShouldLoad(kOnDisk)) ASSERT_LT(++num_refused, 100);
  EXPECT_GT(num_refused, 3);
}

TEST(LoadCostsTest, FollowsTheSpeedAtWhichPromptsGetOn) {
  LoadCosts costs(32);
  costs.Computed(1000, absl::Seconds(1));
  costs.Computed(1, absl::Seconds(1));  // says nothing of prompts
  EXPECT_EQ(costs.ToCompute(1), absl::Milliseconds(32));
  for (int i = 0; i < 50; ++i) costs.Computed(100, absl::Seconds(1));
  EXPECT_NEAR(absl::ToDoubleSeconds(costs.ToCompute(1)), 0.32, 0.001);
}

TEST(LoadCostsTest, TellsTheTiersApart) {
  LoadCosts costs(32);
  costs.Loaded(kInMemory, absl::Milliseconds(10));
  costs.Loaded({.num_in_memory = 10, .num_on_disk = 10},
               absl::Milliseconds(110));
  EXPECT_NEAR(absl::ToDoubleMilliseconds(costs.ToLoad(kInMemory)), 10, 1e-6);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(costs.ToLoad(kOnDisk)), 100, 1e-6);
}

}  // namespace
}  // namespace tessera::verifier
