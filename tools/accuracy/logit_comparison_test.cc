#include "tools/accuracy/logit_comparison.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace tessera::accuracy {
namespace {

using Row = std::vector<float>;

// Logits of these probabilities, `shift` higher: a softmax does not see that.
Row LogitsOf(const std::vector<double>& probabilities, double shift = 0) {
  Row logits;
  for (const double p : probabilities) logits.push_back(std::log(p) + shift);
  return logits;
}

absl::Status Add(const Row& oracle, const Row& candidate, int32_t next_token,
                 LogitComparison* comparison) {
  const absl::StatusOr<OracleRow> row = OracleRow::Create(oracle);
  if (!row.ok()) return row.status();
  return comparison->Add(*row, candidate, next_token);
}

TEST(LogitComparisonTest, EqualLogitsDifferInNothing) {
  LogitComparison comparison;
  const Row logits = LogitsOf({0.5, 0.25, 0.125, 0.125}, 3);
  ASSERT_TRUE(Add(logits, logits, 1, &comparison).ok());
  EXPECT_EQ(comparison.num_rows(), 1);
  EXPECT_NEAR(comparison.OraclePerplexity(), 4, 1e-6);
  EXPECT_EQ(comparison.CandidatePerplexity(), comparison.OraclePerplexity());
  EXPECT_EQ(comparison.PerplexityExcess(), 0);
  EXPECT_NEAR(comparison.MeanKlDivergence(), 0, 1e-15);
  EXPECT_EQ(comparison.Top1Agreement(), 1);
  EXPECT_EQ(comparison.MaxAbsDifference(), 0);
}

TEST(LogitComparisonTest, PerplexityAndDivergenceAreThoseOfTheDistributions) {
  LogitComparison comparison;
  // p = (1/2, 1/4, 1/4), q = (1/4, 1/2, 1/4), q's logits shifted:
  // KL = 1/2 log 2 + 1/4 log 1/2 + 0 = 1/4 log 2.
  ASSERT_TRUE(Add(LogitsOf({0.5, 0.25, 0.25}), LogitsOf({0.25, 0.5, 0.25}, -7),
                  0, &comparison)
                  .ok());
  EXPECT_NEAR(comparison.MeanKlDivergence(), std::log(2.0) / 4, 1e-6);
  EXPECT_NEAR(comparison.OraclePerplexity(), 2, 1e-6);
  EXPECT_NEAR(comparison.CandidatePerplexity(), 4, 1e-6);
  EXPECT_NEAR(comparison.PerplexityExcess(), 1, 1e-6);
  EXPECT_EQ(comparison.Top1Agreement(), 0);
}

TEST(LogitComparisonTest, AveragesOverRows) {
  LogitComparison comparison;
  const Row half = LogitsOf({0.5, 0.25, 0.25});
  ASSERT_TRUE(Add(half, half, 0, &comparison).ok());
  ASSERT_TRUE(Add(half, half, 1, &comparison).ok());
  ASSERT_TRUE(Add(half, half, 2, &comparison).ok());
  ASSERT_TRUE(Add(half, LogitsOf({0.25, 0.5, 0.25}), 2, &comparison).ok());
  EXPECT_NEAR(comparison.OraclePerplexity(), std::pow(2 * 4 * 4 * 4, 0.25),
              1e-6);
  EXPECT_NEAR(comparison.MeanKlDivergence(), std::log(2.0) / 16, 1e-7);
  EXPECT_NEAR(comparison.MaxKlDivergence(), std::log(2.0) / 4, 1e-7);
  EXPECT_EQ(comparison.Top1Agreement(), 0.75);
  // Two logits of twelve are off by log 2.
  EXPECT_NEAR(comparison.MaxAbsDifference(), std::log(2.0), 1e-6);
  EXPECT_NEAR(comparison.MeanAbsDifference(), std::log(2.0) / 6, 1e-6);
}

TEST(LogitComparisonTest, ACandidateMayBeLuckierThanTheOracle) {
  LogitComparison comparison;
  ASSERT_TRUE(
      Add(LogitsOf({0.5, 0.5}), LogitsOf({0.75, 0.25}), 0, &comparison).ok());
  EXPECT_NEAR(comparison.PerplexityExcess(), -1.0 / 3, 1e-6);
  EXPECT_GT(comparison.MeanKlDivergence(), 0);
}

TEST(LogitComparisonTest, LargeLogitsOverflowNothing) {
  LogitComparison comparison;
  ASSERT_TRUE(
      Add({3e4f, -3e4f, 3e4f}, {3e4f, -3e4f, 3e4f}, 2, &comparison).ok());
  EXPECT_NEAR(comparison.CandidatePerplexity(), 2, 1e-6);
  EXPECT_NEAR(comparison.MeanKlDivergence(), 0, 1e-9);
}

TEST(LogitComparisonTest, WithoutRowsEveryFigureIsZero) {
  const LogitComparison comparison;
  EXPECT_EQ(comparison.OraclePerplexity(), 0);
  EXPECT_EQ(comparison.PerplexityExcess(), 0);
  EXPECT_EQ(comparison.MeanKlDivergence(), 0);
  EXPECT_EQ(comparison.Top1Agreement(), 0);
  EXPECT_EQ(comparison.MeanAbsDifference(), 0);
}

TEST(LogitComparisonTest, RefusesLogitsThatAreNoNumbers) {
  LogitComparison comparison;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Add({0, 1}, {0, nan}, 0, &comparison).message(),
            "the logit of token 1 is nan");
  EXPECT_EQ(Add({-INFINITY, 1}, {0, 1}, 0, &comparison).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_FALSE(Add({0, 1}, {0, 1, 2}, 0, &comparison).ok());
  EXPECT_FALSE(Add({0, 1}, {0, 1}, 2, &comparison).ok());
  EXPECT_FALSE(Add({0, 1}, {0, 1}, -1, &comparison).ok());
  EXPECT_EQ(comparison.num_rows(), 0);
  EXPECT_FALSE(OracleRow::Create(Row{1}).ok());
}

TEST(OracleRowTest, KnowsItsTopTokenAndTheMarginOverTheSecond) {
  const Row logits = {1, 5, 4.75f, -2};
  const absl::StatusOr<OracleRow> row = OracleRow::Create(logits);
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(row->top_token, 1);
  EXPECT_EQ(row->margin, 0.25);
}

TEST(OracleRowTest, OfEqualLogitsTheLowestTokenIsTheTopOne) {
  const Row logits = {1, 5, 5};
  const absl::StatusOr<OracleRow> row = OracleRow::Create(logits);
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(row->top_token, 1);
  EXPECT_EQ(row->margin, 0);
}

}  // namespace
}  // namespace tessera::accuracy
