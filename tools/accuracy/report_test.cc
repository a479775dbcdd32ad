#include "tools/accuracy/report.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tessera::accuracy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string TokenText(int32_t token) { return absl::StrCat("t", token); }

LogitComparison OneRow(std::vector<float> oracle,
                       std::vector<float> candidate) {
  LogitComparison comparison;
  const absl::StatusOr<OracleRow> row = OracleRow::Create(oracle);
  EXPECT_TRUE(comparison.Add(*row, candidate, 0).ok());
  return comparison;
}

std::vector<std::string> Names() { return {"avx512+bf16", "avx2+int8"}; }

std::vector<AnswerLine> Answers(double margin) {
  const GreedyComparison equal = {.num_tokens = 64};
  GreedyComparison differing = {.num_tokens = 64};
  differing.difference = {
      .index = 12, .oracle_token = 3, .candidate_token = 4, .margin = margin};
  return {{"capital", {equal, differing}}};
}

TEST(ReportTest, TheTextTableHasAColumnACandidateAndTheBounds) {
  const std::vector<LogitComparison> comparisons = {OneRow({0, 0}, {0, 0}),
                                                    OneRow({0, 0}, {0, 0.5f})};
  EXPECT_EQ(
      TextTable(Names(), comparisons, {}),
      "beside the float oracle    avx512+bf16     avx2+int8\n"
      "perplexity                      2.0000        2.6487\n"
      "  over the oracle's            +0.000%      +32.436%   within 0.5%\n"
      "mean KL divergence             0.00000       0.03093   under 0.005\n"
      "largest KL divergence            0.000         0.031\n"
      "top-1 agreement                100.00%         0.00%   at least 98%\n"
      "mean logit difference           0.0000        0.2500\n"
      "largest logit difference          0.00          0.50\n");
}

TEST(ReportTest, TheAnswerTableTellsTiesFromDifferences) {
  const std::string table = AnswerTable(Names(), Answers(0.25), {});
  EXPECT_EQ(table,
            "greedy answers             avx512+bf16     avx2+int8\n"
            "capital                       equal 64  tie @12 0.25\n");
  EXPECT_THAT(AnswerTable(Names(), Answers(0.5), {}),
              HasSubstr(" DIFF @12 0.50\n"));
}

TEST(ReportTest, FailuresNameCandidatePromptAndTokens) {
  EXPECT_THAT(AnswerFailures(Names(), Answers(0.25), {}, TokenText), IsEmpty());
  EXPECT_THAT(AnswerFailures(Names(), Answers(0.5), {}, TokenText),
              ElementsAre("avx2+int8: prompt capital: token 12 of the answer "
                          "is \"t4\", the oracle's is \"t3\" by a margin of "
                          "0.500, not under 0.3"));
}

TEST(ReportTest, FailuresNameTheCandidateThatMissesABound) {
  const std::vector<LogitComparison> comparisons = {OneRow({2, 0}, {1.8f, 0}),
                                                    OneRow({0, 0}, {0, 0})};
  EXPECT_THAT(TextFailures(Names(), comparisons, {}),
              ElementsAre("avx512+bf16: perplexity +2.639% from the oracle's "
                          "is not within 0.5%"));
}

}  // namespace
}  // namespace tessera::accuracy
