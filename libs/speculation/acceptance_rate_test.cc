#include "libs/speculation/acceptance_rate.h"

#include <set>

#include "gtest/gtest.h"

namespace tessera::speculation {
namespace {

class AcceptanceRateTest : public testing::Test {
 protected:
  void Record(int num_drafted, int num_accepted, int times,
              int64_t num_steps_since = 1) {
    for (int i = 0; i < times; ++i) {
      RecordDraft(kind_, num_drafted, num_accepted, num_steps_since, own_,
                  everybody_);
    }
  }
  std::vector<double> Gains(int num_tokens) {
    return ExpectedGains(kind_, num_tokens, own_, everybody_);
  }

  const DraftKind kind_ = KindOfDraftModel();
  AcceptanceCounts own_;
  AcceptanceCounts everybody_;
};

TEST_F(AcceptanceRateTest, TellsSeriesApart) {
  std::set<int> series;
  for (const int length : {1, 2, 3, 4, 6, 8, 16, 32}) {
    series.insert(KindOfText({.match_length = length}).series);
  }
  series.insert(KindOfPrediction({.match_length = 3}).series);
  series.insert(KindOfDraftModel().series);
  EXPECT_EQ(series.size(), AcceptanceCounts::kNumSeries);
  EXPECT_EQ(*series.begin(), 0);
  EXPECT_EQ(*series.rbegin(), AcceptanceCounts::kNumSeries - 1);
  EXPECT_EQ(KindOfText({.match_length = 7}).series,
            KindOfText({.match_length = 6}).series);
}

constexpr TokenClass kWord = TokenClass::kWord;
constexpr TokenClass kRest = TokenClass::kRest;

// Behind so many words that agreed, all of one token.
DraftKind Behind(int num_words, std::vector<TokenClass> classes) {
  return KindOfPrediction({.match_length = num_words,
                           .match_words = num_words,
                           .classes = std::move(classes)});
}

// A word changed behind every 11, met by drafts from everywhere.
TEST_F(AcceptanceRateTest, KnowsHowFarAPredictionAgreesWhereverADraftBegins) {
  const auto kind = [](int agreed) {
    return Behind(agreed, std::vector<TokenClass>(15, kWord));
  };
  for (int i = 0; i < 40; ++i) {
    RecordDraft(kind(0), 15, i % 2 == 0 ? 11 : 0, 1, own_, everybody_);
    RecordDraft(kind(6), 3, 3, 1, own_, everybody_);
    RecordDraft(kind(9), 8, 2, 1, own_, everybody_);
  }
  const auto gains = [&](int agreed, int n) {
    return ExpectedGains(kind(agreed), n, own_, everybody_)[n - 1];
  };
  EXPECT_NEAR(gains(0, 1), 0.5, 0.1);
  EXPECT_GT(gains(0, 9), 0.4);
  EXPECT_GT(gains(2, 8), 0.9);
  EXPECT_LT(gains(2, 11), 0.3);
  EXPECT_GT(gains(5, 4), 0.9);
  EXPECT_LT(gains(9, 4), 0.4);
}

// Words are long here and short there; every fourth is changed.
TEST_F(AcceptanceRateTest, CountsAPredictionsWordsAndNotTheirTokens) {
  const DraftKind brief = Behind(2, {kWord, kWord, kWord, kWord, kWord, kWord});
  const DraftKind spread =
      Behind(2, {kWord, kRest, kRest, kRest, kWord, kRest});
  for (int i = 0; i < 20; ++i) {
    RecordDraft(brief, 6, 2, 1, own_, everybody_);
    RecordDraft(spread, 6, 6, 1, own_, everybody_);
  }
  EXPECT_LT(ExpectedGains(brief, 3, own_, everybody_)[2], 0.2);
  EXPECT_GT(ExpectedGains(spread, 6, own_, everybody_)[5], 0.8);
}

TEST_F(AcceptanceRateTest, OneTokenThatAgreesMayBeChance) {
  const DraftKind one = Behind(1, {kRest, kRest});
  const DraftKind two = Behind(2, {kRest, kRest});
  for (int i = 0; i < 20; ++i) {
    RecordDraft(one, 2, 0, 1, own_, everybody_);
    RecordDraft(two, 2, 2, 1, own_, everybody_);
  }
  EXPECT_LT(ExpectedGains(one, 1, own_, everybody_)[0], 0.1);
  EXPECT_GT(ExpectedGains(two, 1, own_, everybody_)[0], 0.9);
}

TEST_F(AcceptanceRateTest, LearnsWhereAPredictionGoesOnBehindAReplacedWord) {
  const auto kind = [](ReplacedWord replaced) {
    return KindOfPrediction(
        {.replaced = replaced, .classes = std::vector<TokenClass>(8, kWord)});
  };
  for (int i = 0; i < 20; ++i) {
    RecordDraft(kind(ReplacedWord::kAtMarks), 8, 0, 1, own_, everybody_);
    RecordDraft(kind(ReplacedWord::kPastMarks), 8, 8, 1, own_, everybody_);
  }
  const auto gains = [&](ReplacedWord replaced, int n) {
    return ExpectedGains(kind(replaced), n, own_, everybody_);
  };
  EXPECT_LT(gains(ReplacedWord::kAtMarks, 1)[0], 0.1);
  EXPECT_GT(gains(ReplacedWord::kPastMarks, 8)[7], 0.8);
  // Where no marks are, nothing has been tried.
  EXPECT_NEAR(gains(ReplacedWord::kNone, 1)[0], 0.7, 0.01);
  EXPECT_GT(gains(ReplacedWord::kNone, 8)[7], 0.6);
}

TEST_F(AcceptanceRateTest, LearnsUselessAndPerfectDrafts) {
  Record(4, 0, 20);
  EXPECT_LT(Gains(1)[0], 0.05);
  Record(4, 4, 60);
  EXPECT_GT(Gains(4)[3], 0.9);
}

TEST_F(AcceptanceRateTest, LearnsPositionsApart) {
  Record(4, 2, 60);
  const std::vector<double> gains = Gains(4);
  EXPECT_GT(gains[1], 0.9);
  EXPECT_LT(gains[2], 0.1);
}

TEST_F(AcceptanceRateTest, ExpectsLaterPositionsAsTheOnesBefore) {
  Record(1, 1, 60);
  EXPECT_GT(Gains(8)[7], 0.7);
}

TEST_F(AcceptanceRateTest, TakesANewSequenceForOneLikeOthers) {
  Record(4, 0, 40);
  own_ = AcceptanceCounts();
  EXPECT_LT(Gains(1)[0], 0.05);
}

TEST_F(AcceptanceRateTest, TrustsASequencesOwnDraftsMost) {
  Record(2, 0, 100);
  own_ = AcceptanceCounts();
  for (int i = 0; i < 12; ++i) own_.Record(kind_, 0.92, 2, 2);
  EXPECT_GT(Gains(2)[1], 0.4);
}

TEST_F(AcceptanceRateTest, ForgetsABadStretchFasterTheLongerAgoItWas) {
  Record(1, 0, 40);
  const AcceptanceCounts own = own_;
  const AcceptanceCounts everybody = everybody_;
  Record(1, 1, 1, 1);
  const double soon = Gains(1)[0];
  own_ = own;
  everybody_ = everybody;
  Record(1, 1, 1, 100);
  EXPECT_GT(Gains(1)[0], 2 * soon);
}

}  // namespace
}  // namespace tessera::speculation
