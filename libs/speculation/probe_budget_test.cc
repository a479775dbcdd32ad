#include "libs/speculation/probe_budget.h"

#include "gtest/gtest.h"

namespace tessera::speculation {
namespace {

constexpr double kPlain = 0.01;
constexpr double kMuch = 1;

// The most that is covered.
double Held(const ProbeBudget& budget) {
  double low = -kMuch, high = kMuch;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (budget.Covers(middle) ? low : high) = middle;
  }
  return low;
}

// What the next step fills in, as a share of it.
double NextShare(ProbeBudget budget) {
  const double before = Held(budget);
  budget.Fill(kPlain, kMuch);
  return (Held(budget) - before) / kPlain;
}

// So many steps, of which each drafts what brings `net` plain passes.
void Steps(int num_steps, double net, ProbeBudget& budget) {
  for (int i = 0; i < num_steps; ++i) {
    budget.CountDraft(net * kPlain);
    budget.Fill(kPlain, kPlain);
  }
}

TEST(ProbeBudgetTest, BeginsWithTheLargestShare) {
  EXPECT_NEAR(NextShare({}), ProbeBudget::kMostShare, 1e-9);
}

TEST(ProbeBudgetTest, HoldsNoMoreThanItIsLet) {
  ProbeBudget budget;
  for (int i = 0; i < 100; ++i) budget.Fill(kPlain, kPlain / 100);
  EXPECT_TRUE(budget.Covers(0.99 * kPlain / 100));
  EXPECT_FALSE(budget.Covers(1.01 * kPlain / 100));
}

TEST(ProbeBudgetTest, TheShareFallsWhereDraftsBringNothingAndComesBack) {
  ProbeBudget budget;
  Steps(5000, 0, budget);
  EXPECT_NEAR(NextShare(budget), ProbeBudget::kLeastShare, 1e-9);
  Steps(300, 0.1, budget);
  EXPECT_NEAR(NextShare(budget), ProbeBudget::kMostShare, 1e-9);
}

// However much was lost before.
TEST(ProbeBudgetTest, LossesAreForgottenByTheFirstGains) {
  ProbeBudget budget;
  Steps(5000, -0.5, budget);
  Steps(300, 0.1, budget);
  EXPECT_NEAR(NextShare(budget), ProbeBudget::kMostShare, 1e-9);
}

TEST(ProbeBudgetTest, SmallGainsAreReinvested) {
  ProbeBudget budget;
  Steps(10000, 0.01, budget);
  EXPECT_NEAR(NextShare(budget), 0.01 * ProbeBudget::kReinvested, 1e-5);
}

TEST(ProbeBudgetTest, WhatIsSpentIsGone) {
  ProbeBudget budget;
  budget.Fill(kPlain, kMuch);
  budget.Spend(kPlain);
  EXPECT_FALSE(budget.Covers(0));
  budget.Spend(-kPlain);
  EXPECT_TRUE(budget.Covers(0));
}

}  // namespace
}  // namespace tessera::speculation
