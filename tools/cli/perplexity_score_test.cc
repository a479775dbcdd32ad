#include "tools/cli/perplexity_score.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tools/cli/fake_sequence_model.h"

namespace tessera::cli {
namespace {

constexpr int kVocabSize = 4;
const auto kNoProgress = [](const PerplexityScore&) {};

// Says that the next token is the last one plus one, with this probability.
FakeSequenceModel Counter(double probability) {
  return FakeSequenceModel(
      kVocabSize, 8, [=](const FakeSequenceModel::Tokens& tokens) {
        std::vector<float> logits(kVocabSize, std::log((1 - probability) / 3));
        logits[(tokens.back() + 1) % kVocabSize] = std::log(probability);
        return logits;
      });
}

TEST(PerplexityScoreTest, AUniformModelIsAsPerplexedAsItsVocabularyIsLarge) {
  FakeSequenceModel model = Counter(0.25);
  const auto score =
      ScorePerplexity({0, 3, 1, 2, 2}, {.len = 5}, &model, kNoProgress);
  ASSERT_TRUE(score.ok()) << score.status();
  EXPECT_NEAR(score->Perplexity(), kVocabSize, 1e-5);
  EXPECT_EQ(score->num_scored, 4);
}

TEST(PerplexityScoreTest, ScoresEveryTokenOfAWindowButItsFirst) {
  // Windows 0 1 2 and 0 1 3; the last two tokens are dropped. Four of the five
  // tokens that would be scored were windows not separate.
  FakeSequenceModel model = Counter(0.5);
  const auto score = ScorePerplexity({0, 1, 2, 0, 1, 3, 0, 1}, {.len = 3},
                                     &model, kNoProgress);
  ASSERT_TRUE(score.ok()) << score.status();
  EXPECT_EQ(score->num_windows, 2);
  EXPECT_EQ(score->num_scored, 4);
  EXPECT_NEAR(score->sum_nll, 3 * std::log(2.0) + std::log(6.0), 1e-5);
}

TEST(PerplexityScoreTest, UnscoredTokensGiveContextOnly) {
  // Of 0 2 1 2, the expected 2 after 1 alone; not 2 after 0, nor 1 after 2.
  FakeSequenceModel model = Counter(0.5);
  const auto score = ScorePerplexity(
      {0, 2, 1, 2}, {.len = 4, .num_unscored = 3}, &model, kNoProgress);
  ASSERT_TRUE(score.ok()) << score.status();
  EXPECT_EQ(score->num_scored, 1);
  EXPECT_NEAR(score->Perplexity(), 2, 1e-5);
}

TEST(PerplexityScoreTest, WithBosEveryTokenOfTheTextIsScored) {
  FakeSequenceModel model = Counter(0.5);
  int num_progress = 0;
  const auto score = ScorePerplexity(
      {0, 1, 0, 1, 0}, {.len = 3, .bos = 3}, &model,
      [&num_progress](const PerplexityScore&) { ++num_progress; });
  ASSERT_TRUE(score.ok()) << score.status();
  EXPECT_EQ(score->num_windows, 2);
  EXPECT_EQ(score->num_scored, 4);
  EXPECT_EQ(num_progress, 2);
  EXPECT_NEAR(score->Perplexity(), 2, 1e-5);
}

TEST(PerplexityScoreTest, RefusesWhatItCannotScore) {
  FakeSequenceModel model = Counter(0.5);
  const auto error = [&model](std::vector<int32_t> tokens, int window_len,
                              int num_unscored = 1) {
    return ScorePerplexity(tokens,
                           {.len = window_len, .num_unscored = num_unscored},
                           &model, kNoProgress)
        .status();
  };
  EXPECT_EQ(error({0, 1}, 3).message(),
            "the text has 2 tokens: fewer than one window of 3");
  EXPECT_EQ(error({0, 1}, 1).message(),
            "a window must be of 2 to 8 tokens (the model's context), not 1");
  EXPECT_FALSE(error({0, 1}, 9).ok());
  EXPECT_EQ(error({0, 1}, 2, 2).message(),
            "the unscored tokens of a window must be 1 to 1, not 2");
  EXPECT_FALSE(error({0, 1}, 2, 0).ok());
  FakeSequenceModel nan(2, 8, [](const FakeSequenceModel::Tokens&) {
    return std::vector<float>(2, NAN);
  });
  EXPECT_EQ(
      ScorePerplexity({0, 1}, {.len = 2}, &nan, kNoProgress).status().code(),
      absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tessera::cli
