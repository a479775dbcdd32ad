#include "tools/accuracy/bounds.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tessera::accuracy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// One row of two logits; the oracle is undecided, so that the candidate's
// logits are +- log(odds) / 2.
LogitComparison OneRow(double odds) {
  const std::vector<float> oracle = {0, 0};
  const std::vector<float> candidate = {static_cast<float>(std::log(odds)), 0};
  LogitComparison comparison;
  const absl::StatusOr<OracleRow> row = OracleRow::Create(oracle);
  EXPECT_TRUE(comparison.Add(*row, candidate, 1).ok());
  return comparison;
}

TEST(BoundsTest, EqualLogitsMissNothing) {
  EXPECT_THAT(MissedBounds(OneRow(1), {}), IsEmpty());
  EXPECT_THAT(MissedBounds(OneRow(1.009), {}), IsEmpty());
}

TEST(BoundsTest, NamesEachMissWithItsFigure) {
  // p = 1/2 each, q = 3/4 and 1/4: perplexity 4 for 2, KL log 2 - log(3) / 2.
  EXPECT_THAT(
      MissedBounds(OneRow(3), {}),
      ElementsAre("perplexity +100.000% from the oracle's is not within 0.5%",
                  "mean KL divergence 0.14384 is not under 0.005"));
  // The other token on top.
  EXPECT_THAT(
      MissedBounds(OneRow(1 / 3.0), {}),
      ElementsAre("perplexity -33.333% from the oracle's is not within 0.5%",
                  "mean KL divergence 0.14384 is not under 0.005",
                  "top-1 agreement 0.00% is not at least 98%"));
}

TEST(BoundsTest, NothingComparedIsNoAgreement) {
  EXPECT_THAT(MissedBounds(LogitComparison(), {}),
              ElementsAre("top-1 agreement 0.00% is not at least 98%"));
}

}  // namespace
}  // namespace tessera::accuracy
