#include "libs/speculation/pass_cost.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "gtest/gtest.h"

namespace tessera::speculation {
namespace {

// Of 1, 4, 8, 16 tokens: 1, 1.3, 1.45, 2.3; then in proportion. Milliseconds.
double Truth(int64_t num_tokens) {
  const double n = num_tokens;
  if (n <= 4) return 1 + (n - 1) * 0.1;
  if (n <= 8) return 1.3 + (n - 4) * 0.0375;
  if (n <= 16) return 1.45 + (n - 8) * 0.10625;
  return 2.3 * n / 16;
}

class Passes {
 public:
  explicit Passes(double noise) : noise_(noise) {}

  void Observe(PassCost& cost, int64_t num_tokens, double factor = 1) {
    const double noise = std::exp(noise_ * normal_(random_));
    cost.Observe(num_tokens,
                 absl::Milliseconds(Truth(num_tokens) * factor * noise));
  }
  int64_t AnySize(int64_t most) { return 1 + random_() % most; }

 private:
  double noise_;
  std::mt19937_64 random_{5};
  std::normal_distribution<double> normal_;
};

double Ratio(const PassCost& cost, int64_t a, int64_t b) {
  return cost.Seconds(a) / cost.Seconds(b);
}

TEST(PassCostTest, KnowsNothingBeforeThePassOfAnySize) {
  PassCost cost;
  EXPECT_FALSE(cost.is_known());
  cost.Observe(8, absl::ZeroDuration());
  EXPECT_FALSE(cost.is_known());
  cost.Observe(8, absl::Milliseconds(5));
  EXPECT_NEAR(cost.Seconds(8), 0.005, 1e-9);
  EXPECT_LT(cost.Seconds(1), 0.005);
  EXPECT_GT(cost.Seconds(4096), 0.1);
}

TEST(PassCostTest, LearnsTheCurve) {
  PassCost cost;
  Passes passes(0.05);
  for (int i = 0; i < 600; ++i) passes.Observe(cost, passes.AnySize(32));
  for (const int64_t n : {1, 2, 4, 8, 16, 32}) {
    EXPECT_NEAR(cost.Seconds(n) * 1000 / Truth(n), 1, 0.08) << n;
  }
}

TEST(PassCostTest, NeverFallsWithMoreTokens) {
  for (int seed = 0; seed < 20; ++seed) {
    PassCost cost;
    std::mt19937 random(seed);
    for (int i = 0; i < 50; ++i) {
      cost.Observe(1 + random() % 2000, absl::Microseconds(1 + random() % 999));
      double last = 0;
      for (int64_t n = 1; n < 3000; n += 1 + n / 20) {
        ASSERT_GE(cost.Seconds(n), last) << "seed " << seed << " n " << n;
        last = cost.Seconds(n);
      }
    }
  }
}

TEST(PassCostTest, IsHardlyMovedByPassesThatWereInterrupted) {
  PassCost cost;
  Passes passes(0.03);
  for (int i = 0; i < 1000; ++i) {
    passes.Observe(cost, passes.AnySize(16), i % 10 == 9 ? 10 : 1);
  }
  EXPECT_NEAR(cost.Seconds(1) * 1000, 1, 0.15);
  EXPECT_NEAR(Ratio(cost, 8, 1), 1.45, 0.1);
}

TEST(PassCostTest, KeepsRatiosWhileOneSizeBecomesSlower) {
  PassCost cost;
  Passes passes(0.03);
  for (int i = 0; i < 400; ++i) passes.Observe(cost, passes.AnySize(8));
  // A context that grows: plain passes alone, up to three times as long.
  for (int i = 0; i < 600; ++i) passes.Observe(cost, 1, 1 + i / 300.0);
  EXPECT_NEAR(cost.Seconds(1) * 1000, 3, 0.2);
  EXPECT_NEAR(Ratio(cost, 4, 1), 1.3, 0.15);
}

TEST(PassCostTest, ALongTimeOfOneSizeAndSlowPassesDrivesNoSizesApart) {
  PassCost cost;
  Passes passes(0.03);
  for (int i = 0; i < 400; ++i) passes.Observe(cost, passes.AnySize(8));
  for (int i = 0; i < 20'000; ++i) {
    passes.Observe(cost, 1, i % 100 < 3 ? 3 : 1);
  }
  EXPECT_NEAR(Ratio(cost, 4, 1), 1.3, 0.15);
}

TEST(PassCostTest, FollowsAJumpWithinAFewPasses) {
  PassCost cost;
  Passes passes(0.02);
  for (int i = 0; i < 200; ++i) passes.Observe(cost, 4);
  for (int i = 0; i < 12; ++i) passes.Observe(cost, 4, 4);
  EXPECT_NEAR(cost.Seconds(4) * 1000, 4 * 1.3, 0.4);
  for (int i = 0; i < 12; ++i) passes.Observe(cost, 4, 1);
  EXPECT_NEAR(cost.Seconds(4) * 1000, 1.3, 0.1);
}

TEST(PassCostTest, LearnsAnewFasterWhenLessCertain) {
  PassCost cost;
  Passes passes(0.01);
  for (int i = 0; i < 500; ++i) passes.Observe(cost, passes.AnySize(8));
  PassCost other = cost.LessCertain();
  EXPECT_EQ(other.Seconds(5), cost.Seconds(5));
  // Of the other kind all sizes cost the same.
  for (PassCost* learner : {&cost, &other}) {
    for (int i = 0; i < 10; ++i) {
      learner->Observe(1, absl::Milliseconds(1));
      learner->Observe(8, absl::Milliseconds(1));
    }
  }
  EXPECT_LT(Ratio(other, 8, 1), Ratio(cost, 8, 1));
  EXPECT_LT(Ratio(other, 8, 1), 1.06);
}

}  // namespace
}  // namespace tessera::speculation
