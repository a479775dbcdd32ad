#include "libs/speculation/acceptance.h"

#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tessera::speculation {
namespace {

using testing::ElementsAre;

// Verifies `draft` against a target that draws `target`, and notes the rows it
// was asked for.
Verdict Match(std::vector<int32_t> draft, std::vector<int32_t> target,
              std::vector<int>* rows) {
  const auto verdict =
      AcceptMatching(draft, [&](int index) -> absl::StatusOr<int32_t> {
        rows->push_back(index);
        return target[index];
      });
  return *verdict;
}

TEST(MatchRuleTest, KeepsTokensUpToTheFirstThatDiffers) {
  std::vector<int> rows;
  const Verdict verdict = Match({1, 2, 3}, {1, 9, 3, 4}, &rows);
  EXPECT_EQ(verdict.num_accepted, 1);
  EXPECT_EQ(verdict.next_token, 9);
  EXPECT_THAT(rows, ElementsAre(0, 1));
}

TEST(MatchRuleTest, GivesABonusTokenBehindADraftWhollyKept) {
  std::vector<int> rows;
  const Verdict verdict = Match({1, 2}, {1, 2, 7}, &rows);
  EXPECT_EQ(verdict.num_accepted, 2);
  EXPECT_EQ(verdict.next_token, 7);
  EXPECT_THAT(rows, ElementsAre(0, 1, 2));
}

TEST(MatchRuleTest, IsAPlainDrawWithoutADraft) {
  std::vector<int> rows;
  const Verdict verdict = Match({}, {5}, &rows);
  EXPECT_EQ(verdict.num_accepted, 0);
  EXPECT_EQ(verdict.next_token, 5);
}

TEST(MatchRuleTest, ReturnsTheErrorOfADraw) {
  const auto verdict =
      AcceptMatching({1}, [](int index) -> absl::StatusOr<int32_t> {
        if (index == 0) return 1;
        return absl::DataLossError("all NaN");
      });
  EXPECT_EQ(verdict.status().code(), absl::StatusCode::kDataLoss);
}

// One draft token of a vocabulary of 3.
absl::StatusOr<Verdict> Reject(int32_t token, std::vector<float> q,
                               std::vector<float> p,
                               std::vector<RejectionNoise> noise) {
  return AcceptOrResample({{token}, q, p, noise});
}

const std::vector<float> kDraft = {0.5, 0.5, 0};
const std::vector<float> kTarget = {0.25, 0.5, 0.25, 0, 0, 1};

TEST(RejectionRuleTest, KeepsATokenWithTheRatioOfItsProbabilities) {
  const auto kept = Reject(0, kDraft, kTarget, {{0.49, 0}, {0, 0}});
  EXPECT_EQ(kept->num_accepted, 1);
  EXPECT_EQ(kept->next_token, 2);
  const auto refused = Reject(0, kDraft, kTarget, {{0.51, 0.9}, {0, 0}});
  EXPECT_EQ(refused->num_accepted, 0);
  // The residual is all on token 2.
  EXPECT_EQ(refused->next_token, 2);
  EXPECT_EQ(Reject(1, kDraft, kTarget, {{0.999, 0}, {0, 0}})->num_accepted, 1);
}

TEST(RejectionRuleTest, DrawsFromTheTargetWhereOnlyRoundingDiffers) {
  const auto verdict = Reject(0, {1, 0, 0}, {0.999999f, 0, 0, 1, 0, 0},
                              {{0.9999999, 0.5}, {0, 0}});
  EXPECT_EQ(verdict->num_accepted, 0);
  EXPECT_EQ(verdict->next_token, 0);
}

TEST(RejectionRuleTest, RefusesWhatNoDraftCanHaveDrawn) {
  const std::vector<RejectionNoise> noise = {{0.5, 0.5}, {0.5, 0.5}};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto code = [](const absl::StatusOr<Verdict>& verdict) {
    return verdict.status().code();
  };
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(code(Reject(2, kDraft, kTarget, noise)), invalid);
  EXPECT_EQ(code(Reject(3, kDraft, kTarget, noise)), invalid);
  EXPECT_EQ(code(Reject(-1, kDraft, kTarget, noise)), invalid);
  EXPECT_EQ(code(Reject(0, {nan, 1, 0}, kTarget, noise)), invalid);
  EXPECT_EQ(code(Reject(0, kDraft, kTarget, {{0.5, 0.5}})), invalid);
  EXPECT_EQ(code(Reject(0, {0.5, 0.5}, kTarget, noise)), invalid);
  EXPECT_EQ(code(Reject(0, kDraft, {0.5, 0.5, 0, 1}, noise)), invalid);
  EXPECT_EQ(code(Reject(0, kDraft, {0, 0, 0, 0, 0, 0}, noise)), invalid);
  EXPECT_EQ(code(AcceptOrResample({})), invalid);
}

TEST(RejectionRuleTest, ACertainTokenIsKeptWithItsChanceAndNeverDrawnAfter) {
  const std::vector<float> p = {0.25, 0.5, 0.25};
  EXPECT_EQ(*KeepOrResample(1, {}, p, {0.49, 0}), 1);
  EXPECT_EQ(*KeepOrResample(1, {}, p, {0.51, 0.49}), 0);
  EXPECT_EQ(*KeepOrResample(1, {}, p, {0.51, 0.51}), 2);
  EXPECT_EQ(*KeepOrResample(1, {}, {0, 1, 0}, {0.999, 0}), 1);
  EXPECT_EQ(*KeepOrResample(1, {}, {0.5, 0, 0.5}, {0, 0.7}), 2);
}

TEST(RejectionRuleTest, ARowOfAnotherSizeOrATokenOutsideOfItIsRefused) {
  const std::vector<float> p = {0.25, 0.5, 0.25};
  for (const int32_t token : {-1, 3}) {
    EXPECT_FALSE(KeepOrResample(token, {}, p, {0.5, 0.5}).ok());
  }
  const std::vector<float> two = {0.5, 0.5};
  EXPECT_FALSE(KeepOrResample(0, two, p, {0.5, 0.5}).ok());
  EXPECT_FALSE(KeepOrResample(0, {}, {0, 0, 0}, {0.5, 0.5}).ok());
}

}  // namespace
}  // namespace tessera::speculation
