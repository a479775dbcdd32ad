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

  const int kind_ = DraftKind(DraftSource::kDraftModel, 0);
  AcceptanceCounts own_;
  AcceptanceCounts everybody_;
};

TEST_F(AcceptanceRateTest, TellsKindsApart) {
  std::set<int> kinds;
  for (const int length : {1, 2, 3, 4, 6, 8, 16, 32}) {
    kinds.insert(DraftKind(DraftSource::kText, length));
  }
  for (const int length : {0, 1, 4, 16}) {
    kinds.insert(DraftKind(DraftSource::kPrediction, length));
  }
  kinds.insert(DraftKind(DraftSource::kDraftModel, 0));
  EXPECT_EQ(kinds.size(), kNumDraftKinds);
  EXPECT_EQ(*kinds.begin(), 0);
  EXPECT_EQ(*kinds.rbegin(), kNumDraftKinds - 1);
  EXPECT_EQ(DraftKind(DraftSource::kText, 7), DraftKind(DraftSource::kText, 6));
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
