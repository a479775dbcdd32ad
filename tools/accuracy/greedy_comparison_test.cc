#include "tools/accuracy/greedy_comparison.h"

#include <functional>
#include <utility>

#include "gtest/gtest.h"
#include "tools/cli/fake_sequence_model.h"

namespace tessera::accuracy {
namespace {

using cli::FakeSequenceModel;
using Tokens = FakeSequenceModel::Tokens;

constexpr int kVocabSize = 10;
constexpr int32_t kEnd = 9;
const auto kIsEnd = [](int32_t token) { return token == kEnd; };

// Counts: after 3 comes 4, by `margin(next token)` over the one after that.
FakeSequenceModel Counter(std::function<float(int32_t)> margin) {
  return FakeSequenceModel(kVocabSize, 32, [margin](const Tokens& tokens) {
    const int32_t next = (tokens.back() + 1) % kVocabSize;
    std::vector<float> logits(kVocabSize, -5);
    logits[next] = 2 + margin(next);
    logits[(next + 1) % kVocabSize] = 2;
    return logits;
  });
}

TEST(AnswerGreedilyTest, TakesTheLikeliestTokenUpToTheEndToken) {
  FakeSequenceModel model = Counter([](int32_t) { return 1.0f; });
  const auto answer = AnswerGreedily({1, 5}, 64, kIsEnd, &model);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(*answer, (Tokens{6, 7, 8, 9}));
}

TEST(AnswerGreedilyTest, StopsAtTheLimit) {
  FakeSequenceModel model = Counter([](int32_t) { return 1.0f; });
  EXPECT_EQ(*AnswerGreedily({0}, 3, kIsEnd, &model), (Tokens{1, 2, 3}));
  EXPECT_EQ(*AnswerGreedily({5}, 0, kIsEnd, &model), Tokens{});
  EXPECT_FALSE(AnswerGreedily({}, 3, kIsEnd, &model).ok());
  EXPECT_EQ(AnswerGreedily(
                {0}, 40, [](int32_t) { return false; }, &model)
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(CompareAnswerTest, WhatTheOracleWouldSayIsEqual) {
  FakeSequenceModel oracle = Counter([](int32_t) { return 1.0f; });
  const auto comparison = CompareAnswer({1, 5}, {6, 7, 8, 9}, &oracle);
  ASSERT_TRUE(comparison.ok()) << comparison.status();
  EXPECT_EQ(comparison->num_tokens, 4);
  EXPECT_FALSE(comparison->difference.has_value());
  EXPECT_TRUE(comparison->Passes(0));
}

TEST(CompareAnswerTest, FindsTheFirstDifferenceWithTheOraclesMarginThere) {
  // Later differences, at larger margins, no longer count.
  FakeSequenceModel oracle =
      Counter([](int32_t next) { return next == 7 ? 0.25f : 4.0f; });
  const auto comparison = CompareAnswer({1, 5}, {6, 8, 1, 1}, &oracle);
  ASSERT_TRUE(comparison.ok()) << comparison.status();
  ASSERT_TRUE(comparison->difference.has_value());
  EXPECT_EQ(comparison->difference->index, 1);
  EXPECT_EQ(comparison->difference->oracle_token, 7);
  EXPECT_EQ(comparison->difference->candidate_token, 8);
  EXPECT_EQ(comparison->difference->margin, 0.25);
  EXPECT_TRUE(comparison->Passes(0.3));
  EXPECT_FALSE(comparison->Passes(0.25));  // under, not at
}

TEST(CompareAnswerTest, ADifferenceInTheFirstTokenIsFound) {
  FakeSequenceModel oracle = Counter([](int32_t) { return 1.0f; });
  const auto comparison = CompareAnswer({1, 5}, {2}, &oracle);
  ASSERT_TRUE(comparison->difference.has_value());
  EXPECT_EQ(comparison->difference->index, 0);
  EXPECT_FALSE(comparison->Passes(0.3));
}

TEST(CompareAnswerTest, AnAnswerThatEndsEarlyDiffers) {
  FakeSequenceModel oracle = Counter([](int32_t) { return 1.0f; });
  const auto comparison = CompareAnswer({1, 5}, {6, kEnd}, &oracle);
  ASSERT_TRUE(comparison->difference.has_value());
  EXPECT_EQ(comparison->difference->index, 1);
  EXPECT_EQ(comparison->difference->oracle_token, 7);
}

TEST(CompareAnswersTest, JudgesEachCandidateAndReadsEqualAnswersOnce) {
  FakeSequenceModel oracle = Counter([](int32_t) { return 0.25f; });
  FakeSequenceModel same = Counter([](int32_t) { return 1.0f; });
  FakeSequenceModel also_same = Counter([](int32_t) { return 2.0f; });
  FakeSequenceModel other =
      Counter([](int32_t next) { return next == 7 ? -1.0f : 1.0f; });
  const auto comparisons = CompareAnswers(
      {5}, 64, kIsEnd, &oracle,
      std::vector<cli::SequenceModel*>{&same, &other, &also_same});
  ASSERT_TRUE(comparisons.ok()) << comparisons.status();
  ASSERT_EQ(comparisons->size(), 3);
  EXPECT_FALSE((*comparisons)[0].difference.has_value());
  EXPECT_FALSE((*comparisons)[2].difference.has_value());
  ASSERT_TRUE((*comparisons)[1].difference.has_value());
  EXPECT_EQ((*comparisons)[1].difference->index, 1);
  // The prompt and all but the last token of 6 7 8 9 and 6 8 9.
  EXPECT_EQ(oracle.num_extended(), (1 + 3) + (1 + 2));
}

}  // namespace
}  // namespace tessera::accuracy
