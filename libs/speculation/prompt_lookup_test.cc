#include "libs/speculation/prompt_lookup.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tessera::speculation {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
const TokenClasses kNoClasses;

using Tokens = std::vector<int32_t>;

Tokens TextProposal(const Tokens& prompt, int max_tokens) {
  const auto proposal =
      PromptLookup(prompt, {}, &kNoClasses).FromText(max_tokens);
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
  PromptLookup lookup(prompt, {}, &kNoClasses);
  for (int i = 0; i < 35; ++i) lookup.Append(i);
  EXPECT_EQ(lookup.FromText(1)->match_length, 32);
  lookup.Truncate(45);
  EXPECT_EQ(lookup.FromText(1)->match_length, 4);
}

TEST(PromptLookupTest, FollowsAPredictionFromItsBeginning) {
  PromptLookup lookup({7, 7}, {1, 2, 3, 4}, &kNoClasses);
  EXPECT_THAT(lookup.FromPrediction(2).front().tokens, ElementsAre(1, 2));
  EXPECT_EQ(lookup.FromPrediction(2).front().match_length, 0);
  lookup.Append(1);
  lookup.Append(2);
  EXPECT_THAT(lookup.FromPrediction(9).front().tokens, ElementsAre(3, 4));
  EXPECT_EQ(lookup.FromPrediction(2).front().match_length, 2);
  lookup.Append(3);
  lookup.Append(4);
  EXPECT_THAT(lookup.FromPrediction(9), IsEmpty());
}

TEST(PromptLookupTest, FindsTheWayBackAfterChangedLeftOutAndInsertedTokens) {
  const Tokens prediction = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  PromptLookup changed({}, prediction, &kNoClasses);
  for (const int32_t token : {10, 99, 12}) changed.Append(token);
  EXPECT_THAT(changed.FromPrediction(2).front().tokens, ElementsAre(13, 14));
  PromptLookup left_out({}, prediction, &kNoClasses);
  for (const int32_t token : {10, 11, 15, 16}) left_out.Append(token);
  EXPECT_THAT(left_out.FromPrediction(2).front().tokens, ElementsAre(17, 18));
  PromptLookup inserted({}, prediction, &kNoClasses);
  for (const int32_t token : {10, 99, 98}) inserted.Append(token);
  EXPECT_THAT(inserted.FromPrediction(2), IsEmpty());
  inserted.Append(11);
  EXPECT_THAT(inserted.FromPrediction(2).front().tokens, ElementsAre(12, 13));
}

TEST(PromptLookupTest, ReturnsNearWhereTheAnswerLeftThePrediction) {
  // "5 6" stands three times; the answer is behind the first.
  PromptLookup lookup({}, {5, 6, 1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 9}, &kNoClasses);
  for (const int32_t token : {5, 6, 1, 2, 3, 4, 99, 5, 6}) lookup.Append(token);
  EXPECT_THAT(lookup.FromPrediction(2).front().tokens, ElementsAre(7, 8));
}

TEST(PromptLookupTest, FarAwayOnlyAMatchOfFourTokensCounts) {
  Tokens prediction;
  for (int i = 1; i <= 40; ++i) prediction.push_back(i);
  PromptLookup lookup({}, prediction, &kNoClasses);
  for (const int32_t token : {1, 2, 30, 31, 32}) lookup.Append(token);
  EXPECT_THAT(lookup.FromPrediction(2), IsEmpty());
  lookup.Append(33);
  EXPECT_THAT(lookup.FromPrediction(2).front().tokens, ElementsAre(34, 35));
}

TEST(PromptLookupTest, TruncatesThePredictionsPlaceToo) {
  PromptLookup lookup({7}, {1, 2, 3, 4}, &kNoClasses);
  for (const int32_t token : {1, 2, 50, 51}) lookup.Append(token);
  EXPECT_THAT(lookup.FromPrediction(1), IsEmpty());
  lookup.Truncate(3);
  EXPECT_THAT(lookup.FromPrediction(1).front().tokens, ElementsAre(3));
}

TEST(PromptLookupTest, AnUnknownTokenStandsOnceInAPredictedOnesPlace) {
  PromptLookup lookup({7}, {1, 2, 3, 4, 5, 6}, &kNoClasses);
  for (const int32_t token : {1, 2, 50}) lookup.Append(token);
  const std::vector<Proposal> proposals = lookup.FromPrediction(2);
  ASSERT_EQ(proposals.size(), 1);
  EXPECT_THAT(proposals[0].tokens, ElementsAre(4, 5));
  EXPECT_EQ(proposals[0].match_length, 0);
  lookup.Append(51);
  EXPECT_THAT(lookup.FromPrediction(1), IsEmpty());
  lookup.Append(4);
  EXPECT_THAT(lookup.FromPrediction(1).front().tokens, ElementsAre(5));
}

// Tokens below 50 start a word, those below 100 go on with one, others are
// marks.
TokenClasses Classes() {
  return {200, [](int32_t token) {
            return token < 50 ? " a" : token < 100 ? "b" : ",";
          }};
}

TEST(PromptLookupTest, AMarkThatWasNotPredictedIsPutIn) {
  const TokenClasses classes = Classes();
  PromptLookup lookup({7}, {1, 2, 3, 4, 5, 6}, &classes);
  for (const int32_t token : {1, 2, 101}) lookup.Append(token);
  EXPECT_THAT(lookup.FromPrediction(2).front().tokens, ElementsAre(3, 4));
  EXPECT_EQ(lookup.FromPrediction(2).front().match_length, 0);
}

TEST(PromptLookupTest, AMarkInPlaceOfAnotherIsNotPutIn) {
  const TokenClasses classes = Classes();
  PromptLookup lookup({7}, {1, 2, 102, 4, 5, 6}, &classes);
  for (const int32_t token : {1, 2, 101}) lookup.Append(token);
  EXPECT_THAT(lookup.FromPrediction(2).front().tokens, ElementsAre(4, 5));
}

TEST(PromptLookupTest, AMarkBehindTheEndOfThePredictionIsNothing) {
  const TokenClasses classes = Classes();
  PromptLookup lookup({7}, {1, 2}, &classes);
  for (const int32_t token : {1, 2, 101, 101}) lookup.Append(token);
  EXPECT_THAT(lookup.FromPrediction(2), IsEmpty());
}

TEST(PromptLookupTest, AWordStandsInPlaceOfAWholeWord) {
  const TokenClasses classes = Classes();
  PromptLookup lookup({7}, {1, 2, 60, 61, 3, 4}, &classes);
  for (const int32_t token : {1, 9}) lookup.Append(token);
  const std::vector<Proposal> proposals = lookup.FromPrediction(2);
  ASSERT_EQ(proposals.size(), 1);
  EXPECT_THAT(proposals[0].tokens, ElementsAre(3, 4));
  EXPECT_EQ(proposals[0].replaced, ReplacedWord::kNone);
}

TEST(PromptLookupTest, APartOfAWordDoesNot) {
  const TokenClasses classes = Classes();
  PromptLookup put({7}, {1, 2, 60, 61, 3, 4}, &classes);
  for (const int32_t token : {1, 69}) put.Append(token);
  EXPECT_THAT(put.FromPrediction(1).front().tokens, ElementsAre(60));
  PromptLookup replaced({7}, {1, 60, 61, 62, 3, 4}, &classes);
  for (const int32_t token : {1, 9}) replaced.Append(token);
  EXPECT_THAT(replaced.FromPrediction(1).front().tokens, ElementsAre(61));
}

TEST(PromptLookupTest, MarksBehindAReplacedWordStayOrWent) {
  const TokenClasses classes = Classes();
  PromptLookup lookup({7}, {1, 2, 60, 101, 61, 3, 4, 5, 6}, &classes);
  for (const int32_t token : {1, 9}) lookup.Append(token);
  const std::vector<Proposal> proposals = lookup.FromPrediction(2);
  ASSERT_EQ(proposals.size(), 2);
  EXPECT_THAT(proposals[0].tokens, ElementsAre(101, 61));
  EXPECT_EQ(proposals[0].replaced, ReplacedWord::kAtMarks);
  EXPECT_THAT(proposals[1].tokens, ElementsAre(3, 4));
  EXPECT_EQ(proposals[1].replaced, ReplacedWord::kPastMarks);

  lookup.Append(101);
  EXPECT_THAT(lookup.FromPrediction(2).front().tokens, ElementsAre(61, 3));
  lookup.Truncate(3);
  ASSERT_EQ(lookup.FromPrediction(2).size(), 2);
  lookup.Append(3);
  ASSERT_EQ(lookup.FromPrediction(2).size(), 1);
  EXPECT_THAT(lookup.FromPrediction(2).front().tokens, ElementsAre(4, 5));
  EXPECT_EQ(lookup.FromPrediction(2).front().match_length, 1);
}

TEST(PromptLookupTest, TellsAPredictionsWordsFromTheirTokens) {
  const TokenClasses classes = Classes();
  PromptLookup lookup({7}, {1, 60, 2, 101, 3, 61}, &classes);
  for (const int32_t token : {1, 60, 2}) lookup.Append(token);
  const Proposal proposal = lookup.FromPrediction(3).front();
  EXPECT_EQ(proposal.match_length, 3);
  EXPECT_EQ(proposal.match_words, 2);
  EXPECT_THAT(
      proposal.classes,
      ElementsAre(TokenClass::kMark, TokenClass::kWord, TokenClass::kRest));
}

TEST(PromptLookupTest, NoWordBehindTheLastMarks) {
  const TokenClasses classes = Classes();
  PromptLookup lookup({7}, {1, 2, 101, 102}, &classes);
  for (const int32_t token : {1, 9}) lookup.Append(token);
  const std::vector<Proposal> proposals = lookup.FromPrediction(2);
  ASSERT_EQ(proposals.size(), 1);
  EXPECT_THAT(proposals[0].tokens, ElementsAre(101, 102));
  PromptLookup at_end({7}, {1, 2, 60}, &classes);
  for (const int32_t token : {1, 9, 9}) at_end.Append(token);
  EXPECT_THAT(at_end.FromPrediction(2), IsEmpty());
}

}  // namespace
}  // namespace tessera::speculation
