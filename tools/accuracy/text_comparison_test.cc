#include "tools/accuracy/text_comparison.h"

#include <cmath>
#include <utility>

#include "gtest/gtest.h"
#include "tools/cli/fake_sequence_model.h"

namespace tessera::accuracy {
namespace {

using cli::FakeSequenceModel;
using cli::SequenceModel;
using Tokens = FakeSequenceModel::Tokens;

constexpr int kVocabSize = 4;
const auto kNoProgress = [](int64_t) {};

// Says that the next token is the last one plus one, with this probability;
// `seen` collects what it was shown.
FakeSequenceModel Counter(double probability, std::vector<Tokens>* seen) {
  return FakeSequenceModel(kVocabSize, 1000, [=](const Tokens& tokens) {
    if (seen != nullptr) seen->push_back(tokens);
    std::vector<float> logits(kVocabSize, std::log((1 - probability) / 3));
    logits[(tokens.back() + 1) % kVocabSize] = std::log(probability);
    return logits;
  });
}

TEST(TextComparisonTest, ScoresEveryTokenOfAWindowButItsFirst) {
  std::vector<Tokens> seen;
  FakeSequenceModel oracle = Counter(0.5, &seen);
  FakeSequenceModel candidate = Counter(0.25, nullptr);
  const std::vector<SequenceModel*> candidates = {&candidate};
  // Windows 0 1 2, 1 2 3 and 0, which is dropped.
  const auto comparisons =
      CompareOnText({0, 1, 2, 1, 2, 3, 0}, {.window_len = 3}, &oracle,
                    candidates, kNoProgress);
  ASSERT_TRUE(comparisons.ok()) << comparisons.status();
  EXPECT_EQ(seen, (std::vector<Tokens>{{0}, {0, 1}, {1}, {1, 2}}));
  ASSERT_EQ(comparisons->size(), 1);
  EXPECT_EQ((*comparisons)[0].num_rows(), 4);
  EXPECT_NEAR((*comparisons)[0].OraclePerplexity(), 2, 1e-6);
  EXPECT_NEAR((*comparisons)[0].CandidatePerplexity(), 4, 1e-6);
}

TEST(TextComparisonTest, WithBosEveryTokenOfTheTextIsScored) {
  std::vector<Tokens> seen;
  FakeSequenceModel oracle = Counter(0.5, &seen);
  const std::vector<SequenceModel*> candidates = {&oracle};
  FakeSequenceModel candidate = Counter(0.5, nullptr);
  const auto comparisons =
      CompareOnText({0, 1, 2}, {.window_len = 3, .bos = 3}, &oracle,
                    std::vector<SequenceModel*>{&candidate}, kNoProgress);
  ASSERT_TRUE(comparisons.ok()) << comparisons.status();
  EXPECT_EQ(seen, (std::vector<Tokens>{{3}, {3, 0}, {3}}));
  EXPECT_EQ((*comparisons)[0].num_rows(), 3);
}

TEST(TextComparisonTest, LongWindowsAndSeveralCandidatesKeepTheirRowsApart) {
  FakeSequenceModel oracle = Counter(0.5, nullptr);
  FakeSequenceModel same = Counter(0.5, nullptr);
  FakeSequenceModel other = Counter(0.2, nullptr);  // another top token
  Tokens text;
  for (int i = 0; i < 301; ++i) text.push_back(i % kVocabSize);
  std::vector<int64_t> progress;
  const auto comparisons =
      CompareOnText(text, {.window_len = 200}, &oracle,
                    std::vector<SequenceModel*>{&same, &other},
                    [&progress](int64_t rows) { progress.push_back(rows); });
  ASSERT_TRUE(comparisons.ok()) << comparisons.status();
  EXPECT_EQ((*comparisons)[0].num_rows(), 199 + 100);
  EXPECT_EQ(progress.back(), 199 + 100);
  EXPECT_EQ((*comparisons)[0].MaxAbsDifference(), 0);
  EXPECT_EQ((*comparisons)[0].Top1Agreement(), 1);
  EXPECT_EQ((*comparisons)[1].Top1Agreement(), 0);
  EXPECT_NEAR((*comparisons)[1].CandidatePerplexity(), 5, 1e-5);
}

TEST(TextComparisonTest, RefusesWhatItCannotCompare) {
  FakeSequenceModel oracle = Counter(0.5, nullptr);
  const auto error = [&oracle](Tokens text, int window_len) {
    FakeSequenceModel nan(kVocabSize, 1000, [](const Tokens&) {
      return std::vector<float>(kVocabSize, NAN);
    });
    return CompareOnText(text, {.window_len = window_len}, &oracle,
                         std::vector<SequenceModel*>{&nan}, kNoProgress)
        .status();
  };
  EXPECT_EQ(error({0}, 8).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(error({0, 1}, 1).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(error({0, 1}, 8).message(),
            "from token 0 of the text: the logit of token 0 is nan");
}

}  // namespace
}  // namespace tessera::accuracy
