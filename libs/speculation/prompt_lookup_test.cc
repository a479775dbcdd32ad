#include "libs/speculation/prompt_lookup.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tessera::speculation {
namespace {

using testing::ElementsAre;
const Punctuation kNoPunctuation;

using Tokens = std::vector<int32_t>;

Tokens TextProposal(const Tokens& prompt, int max_tokens) {
  const auto proposal =
      PromptLookup(prompt, {}, &kNoPunctuation).FromText(max_tokens);
  return proposal.has_value() ? proposal->tokens : Tokens();
}

TEST(PromptLookupTest, ContinuesAsTheTextDidBefore) {
  EXPECT_THAT(TextProposal({1, 2, 3, 4, 5, 1, 2}, 3), ElementsAre(3, 4, 5));
  EXPECT_THAT(TextProposal({1, 2, 3}, 3), ElementsAre());
  EXPECT_THAT(TextProposal({}, 3), ElementsAre());
  EXPECT_THAT(TextProposal({1, 2, 1}, 0), ElementsAre());
}

TEST(PromptLookupTest, PrefersTheLongestMatchThenTheLatest) {
  // "2 3" was followed by 4, later "3" alone by 9.
  EXPECT_THAT(TextProposal({1, 2, 3, 4, 3, 9, 2, 3}, 1), ElementsAre(4));
  EXPECT_THAT(TextProposal({3, 4, 3, 9, 8, 3}, 1), ElementsAre(9));
}

TEST(PromptLookupTest, GoesRoundWhereTheMatchOverlapsTheEnd) {
  EXPECT_THAT(TextProposal({5, 5}, 4), ElementsAre(5, 5, 5, 5));
  EXPECT_THAT(TextProposal({1, 2, 3, 1, 2}, 5), ElementsAre(3, 1, 2, 3, 1));
}

TEST(PromptLookupTest, SaysHowLongTheMatchIs) {
  Tokens prompt;
  for (int i = 0; i < 40; ++i) prompt.push_back(i);
  PromptLookup lookup(prompt, {}, &kNoPunctuation);
  for (int i = 0; i < 35; ++i) lookup.Append(i);
  EXPECT_EQ(lookup.FromText(1)->match_length, 32);
  lookup.Truncate(45);
  EXPECT_EQ(lookup.FromText(1)->match_length, 4);
}

TEST(PromptLookupTest, FollowsAPredictionFromItsBeginning) {
  PromptLookup lookup({7, 7}, {1, 2, 3, 4}, &kNoPunctuation);
  EXPECT_THAT(lookup.FromPrediction(2)->tokens, ElementsAre(1, 2));
  EXPECT_EQ(lookup.FromPrediction(2)->match_length, 0);
  lookup.Append(1);
  lookup.Append(2);
  EXPECT_THAT(lookup.FromPrediction(9)->tokens, ElementsAre(3, 4));
  EXPECT_EQ(lookup.FromPrediction(2)->match_length, 2);
  lookup.Append(3);
  lookup.Append(4);
  EXPECT_FALSE(lookup.FromPrediction(9).has_value());
}

TEST(PromptLookupTest, FindsTheWayBackAfterChangedLeftOutAndInsertedTokens) {
  const Tokens prediction = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  PromptLookup changed({}, prediction, &kNoPunctuation);
  for (const int32_t token : {10, 99, 12}) changed.Append(token);
  EXPECT_THAT(changed.FromPrediction(2)->tokens, ElementsAre(13, 14));
  PromptLookup left_out({}, prediction, &kNoPunctuation);
  for (const int32_t token : {10, 11, 15, 16}) left_out.Append(token);
  EXPECT_THAT(left_out.FromPrediction(2)->tokens, ElementsAre(17, 18));
  PromptLookup inserted({}, prediction, &kNoPunctuation);
  for (const int32_t token : {10, 99, 98}) inserted.Append(token);
  EXPECT_FALSE(inserted.FromPrediction(2).has_value());
  inserted.Append(11);
  EXPECT_THAT(inserted.FromPrediction(2)->tokens, ElementsAre(12, 13));
}

TEST(PromptLookupTest, ReturnsNearWhereTheAnswerLeftThePrediction) {
  // "5 6" stands three times; the answer is behind the first.
  PromptLookup lookup({}, {5, 6, 1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 9},
                      &kNoPunctuation);
  for (const int32_t token : {5, 6, 1, 2, 3, 4, 99, 5, 6}) lookup.Append(token);
  EXPECT_THAT(lookup.FromPrediction(2)->tokens, ElementsAre(7, 8));
}

TEST(PromptLookupTest, FarAwayOnlyAMatchOfFourTokensCounts) {
  Tokens prediction;
  for (int i = 1; i <= 40; ++i) prediction.push_back(i);
  PromptLookup lookup({}, prediction, &kNoPunctuation);
  for (const int32_t token : {1, 2, 30, 31, 32}) lookup.Append(token);
  EXPECT_FALSE(lookup.FromPrediction(2).has_value());
  lookup.Append(33);
  EXPECT_THAT(lookup.FromPrediction(2)->tokens, ElementsAre(34, 35));
}

TEST(PromptLookupTest, TruncatesThePredictionsPlaceToo) {
  PromptLookup lookup({7}, {1, 2, 3, 4}, &kNoPunctuation);
  for (const int32_t token : {1, 2, 50, 51}) lookup.Append(token);
  EXPECT_FALSE(lookup.FromPrediction(1).has_value());
  lookup.Truncate(3);
  EXPECT_THAT(lookup.FromPrediction(1)->tokens, ElementsAre(3));
}

TEST(PromptLookupTest, AnUnknownTokenStandsOnceInAPredictedOnesPlace) {
  PromptLookup lookup({7}, {1, 2, 3, 4, 5, 6}, &kNoPunctuation);
  for (const int32_t token : {1, 2, 50}) lookup.Append(token);
  const std::optional<Proposal> proposal = lookup.FromPrediction(2);
  ASSERT_TRUE(proposal.has_value());
  EXPECT_THAT(proposal->tokens, ElementsAre(4, 5));
  EXPECT_EQ(proposal->match_length, 0);
  lookup.Append(51);
  EXPECT_FALSE(lookup.FromPrediction(1).has_value());
  lookup.Append(4);
  EXPECT_THAT(lookup.FromPrediction(1)->tokens, ElementsAre(5));
}

// Tokens from 100 on are marks.
Punctuation Marks() {
  return {200, [](int32_t token) { return token < 100 ? " a" : ","; }};
}

TEST(PromptLookupTest, AMarkThatWasNotPredictedIsPutIn) {
  const Punctuation marks = Marks();
  PromptLookup lookup({7}, {1, 2, 3, 4, 5, 6}, &marks);
  for (const int32_t token : {1, 2, 101}) lookup.Append(token);
  EXPECT_THAT(lookup.FromPrediction(2)->tokens, ElementsAre(3, 4));
  EXPECT_EQ(lookup.FromPrediction(2)->match_length, 0);
}

TEST(PromptLookupTest, AMarkInPlaceOfAnotherIsNotPutIn) {
  const Punctuation marks = Marks();
  PromptLookup lookup({7}, {1, 2, 102, 4, 5, 6}, &marks);
  for (const int32_t token : {1, 2, 101}) lookup.Append(token);
  EXPECT_THAT(lookup.FromPrediction(2)->tokens, ElementsAre(4, 5));
}

TEST(PromptLookupTest, AMarkBehindTheEndOfThePredictionIsNothing) {
  const Punctuation marks = Marks();
  PromptLookup lookup({7}, {1, 2}, &marks);
  for (const int32_t token : {1, 2, 101, 101}) lookup.Append(token);
  EXPECT_FALSE(lookup.FromPrediction(2).has_value());
}

}  // namespace
}  // namespace tessera::speculation
