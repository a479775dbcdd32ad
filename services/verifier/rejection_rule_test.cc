// --speculation-rule rejection, end to end: tokens are distributed as without
// drafts, kept, resampled and bonus ones together; greedy answers are the same.
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "services/verifier/testing/engine_fixture.h"

namespace tessera::verifier {
namespace {

// Answers are of these letters alone, by a bias.
constexpr char kLetters[] = "abc";
constexpr int kNumLetters = 3;
constexpr int kNumTokens = 4;
constexpr int kNumAnswers = 3000;
// How much is drafted depends on what passes take: ask on for so many kept.
constexpr int kMinKept = 150;
constexpr int kMaxAnswers = 2 * kNumAnswers;
constexpr float kTemperature = 0.8f;

// Repeats itself, so that there is always something to draft.
std::string Prompt() {
  std::string prompt;
  for (int i = 0; i < 20; ++i) prompt += "abcacb";
  return prompt;
}

v1::GenerateRequest Request() {
  v1::GenerateRequest request;
  request.mutable_prompt()->mutable_text()->set_text(Prompt());
  request.set_max_tokens(kNumTokens);
  request.set_ignore_eos(true);
  v1::SamplingParameters* sampling = request.mutable_sampling();
  sampling->set_temperature(kTemperature);
  sampling->set_top_k(kNumLetters);
  for (const char letter : std::string(kLetters)) {
    (*sampling->mutable_logit_bias())[letter] = 50;
  }
  return request;
}

EngineFixture MakeFixture(SpeculationRule rule) {
  FixtureOptions options;
  options.verifier.speculation_rule = rule;
  options.verifier.max_draft_tokens = kNumTokens - 2;  // and a bonus token
  return EngineFixture(options);
}

// By what was said before, the chance of each letter.
using Chances = std::array<double, kNumLetters>;

// Scores every text of `length` letters behind the prompt.
void AddChances(EngineFixture& fixture, const std::string& before,
                std::map<std::string, Chances>* chances) {
  Chances& own = (*chances)[before];
  double total = 0;
  for (int i = 0; i < kNumLetters; ++i) {
    v1::GenerateRequest score;
    score.mutable_prompt()->mutable_text()->set_text(Prompt() + before +
                                                     kLetters[i]);
    score.set_max_tokens(0);
    score.set_num_prompt_logprobs(0);
    const auto asked = fixture.Ask(score);
    const Answer& answer = asked.listener->Wait();
    ASSERT_TRUE(answer.status.ok()) << answer.status;
    const v1::TokenLogprobs& last = *answer.prompt.logprobs().rbegin();
    ASSERT_EQ(last.chosen().token(), kLetters[i]);
    own[i] = std::exp(last.chosen().logprob() / kTemperature);
    total += own[i];
  }
  for (double& chance : own) chance /= total;
  if (before.size() + 1 == kNumTokens) return;
  for (int i = 0; i < kNumLetters; ++i) {
    AddChances(fixture, before + kLetters[i], chances);
  }
}

int NumDrafted(const Answer& answer) {
  int num = 0;
  for (const auto& one : answer.usage.drafted()) num += one.num_drafted();
  return num;
}
int NumAccepted(const Answer& answer) {
  int num = 0;
  for (const auto& one : answer.usage.drafted()) num += one.num_accepted();
  return num;
}

TEST(RejectionRuleTest, TokensFollowTheTargetsDistribution) {
  EngineFixture fixture = MakeFixture(SpeculationRule::kRejection);
  std::map<std::string, Chances> chances;
  ASSERT_NO_FATAL_FAILURE(AddChances(fixture, "", &chances));
  std::map<std::string, std::array<int, kNumLetters>> counts;
  int num_kept = 0;
  int num_refused = 0;
  int num_bonus = 0;
  int num_answers = 0;
  const auto has_seen_all = [&] {
    return num_kept >= kMinKept && num_refused > 0 && num_bonus > 0;
  };
  while (num_answers < kNumAnswers ||
         (!has_seen_all() && num_answers < kMaxAnswers)) {
    const int seed = num_answers++;
    v1::GenerateRequest request = Request();
    request.mutable_sampling()->set_seed(seed);
    const auto asked = fixture.Ask(request);
    const Answer& answer = asked.listener->Wait();
    ASSERT_TRUE(answer.status.ok()) << answer.status;
    const std::string& text = answer.choices[0].text();
    ASSERT_EQ(text.size(), kNumTokens);
    for (int i = 0; i < kNumTokens; ++i) {
      ++counts[text.substr(0, i)][text[i] - kLetters[0]];
    }
    num_kept += NumAccepted(answer);
    num_refused += NumDrafted(answer) > NumAccepted(answer);
    // A draft wholly kept, with a token behind it.
    num_bonus +=
        NumAccepted(answer) > 0 && NumAccepted(answer) == NumDrafted(answer);
  }
  EXPECT_GT(num_kept, 0);
  EXPECT_GT(num_refused, 0);
  EXPECT_GT(num_bonus, 0);
  double sum = 0;
  double freedom = 0;
  for (const auto& [before, seen] : counts) {
    const double n = seen[0] + seen[1] + seen[2];
    if (n < 50) continue;
    for (int i = 0; i < kNumLetters; ++i) {
      const double expected = n * chances.at(before)[i];
      sum += (seen[i] - expected) * (seen[i] - expected) / expected;
    }
    freedom += kNumLetters - 1;
  }
  ASSERT_GT(freedom, 20);
  // Standard deviations above the mean, by Wilson and Hilferty.
  const double v = 2 / (9 * freedom);
  EXPECT_LT((std::cbrt(sum / freedom) - (1 - v)) / std::sqrt(v), 5);
}

TEST(RejectionRuleTest, GreedyAnswersAreTheSame) {
  EngineFixture matching = MakeFixture(SpeculationRule::kMatch);
  EngineFixture rejecting = MakeFixture(SpeculationRule::kRejection);
  int num_drafted = 0;
  for (const std::string text : {"hello world hello ", "abcacbabc", "a well"}) {
    v1::GenerateRequest request = Request();
    request.mutable_prompt()->mutable_text()->set_text(text);
    request.mutable_sampling()->set_temperature(0);
    request.set_max_tokens(100);
    request.set_num_logprobs(2);
    const auto expected = matching.Ask(request);
    const auto asked = rejecting.Ask(request);
    EXPECT_EQ(asked.listener->Wait().Bits(), expected.listener->Wait().Bits());
    num_drafted += NumDrafted(asked.listener->Wait());
  }
  EXPECT_GT(num_drafted, 0);
}

}  // namespace
}  // namespace tessera::verifier
