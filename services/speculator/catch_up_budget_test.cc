#include "services/speculator/catch_up_budget.h"

#include "gtest/gtest.h"

namespace tessera::speculator {
namespace {

constexpr absl::Duration kLong = absl::Seconds(1);

TEST(CatchUpBudgetTest, FitsTheTimeByWhatATokenTook) {
  CatchUpBudget budget(256, absl::Milliseconds(10));
  budget.Observe(100, absl::Milliseconds(20));  // 0.2 ms a token
  EXPECT_NEAR(budget.Tokens(kLong), 50, 1);
  // Half of what a call has left.
  EXPECT_NEAR(budget.Tokens(absl::Milliseconds(10)), 25, 1);
  for (int i = 0; i < 100; ++i) budget.Observe(100, absl::Milliseconds(10));
  EXPECT_NEAR(budget.Tokens(kLong), 100, 1);
}

TEST(CatchUpBudgetTest, IsSmallUntilSomethingIsKnown) {
  EXPECT_EQ(CatchUpBudget(256, kLong).Tokens(kLong), 32);
  EXPECT_EQ(CatchUpBudget(20, kLong).Tokens(kLong), 20);
}

TEST(CatchUpBudgetTest, HasALeastAndAMost) {
  CatchUpBudget budget(256, absl::Milliseconds(10));
  budget.Observe(1, absl::Seconds(1));
  EXPECT_EQ(budget.Tokens(kLong), CatchUpBudget::kLeast);
  EXPECT_EQ(budget.Tokens(-kLong), CatchUpBudget::kLeast);
  CatchUpBudget fast(256, absl::Milliseconds(10));
  fast.Observe(1000, absl::Nanoseconds(1));
  EXPECT_EQ(fast.Tokens(kLong), 256);
}

}  // namespace
}  // namespace tessera::speculator
