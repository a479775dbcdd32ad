#include "libs/speculation/draft_length.h"

#include "gtest/gtest.h"

namespace tessera::speculation {
namespace {

const DraftCandidate kText = {KindOfText({.match_length = 4}), 8};
const DraftCandidate kPrediction = {
    KindOfPrediction(
        {.match_length = 4, .classes = std::vector<TokenClass>(8)}),
    8};
const DraftCandidate kModel = {KindOfDraftModel(), 8};

class DraftLengthTest : public testing::Test {
 protected:
  // A pass takes a millisecond and as much more for each further token.
  void ObservePasses(double more, int times = 20) {
    for (int i = 0; i < times; ++i) {
      for (int n = 1; n <= 16; ++n) {
        lengths_.ObservePass(1, n, absl::Milliseconds(1 + (n - 1) * more));
      }
    }
  }

  DraftChoice Choose(const std::vector<DraftCandidate>& candidates,
                     int64_t num_other_tokens = 0) {
    return lengths_.Choose({{&history_, candidates}}, num_other_tokens)[0];
  }

  // Verifies `times` drafts as they are chosen.
  void Verify(const DraftCandidate& candidate, bool keep, int times) {
    for (int i = 0; i < times; ++i) {
      DraftChoice choice;
      choice.kind = candidate.kind;
      choice.num_tokens = candidate.max_tokens;
      lengths_.ObserveVerdict(choice, choice.num_tokens,
                              keep ? choice.num_tokens : 0, history_);
    }
  }

  DraftLength lengths_;
  AcceptanceHistory history_;
};

TEST_F(DraftLengthTest, DraftsNothingBeforeItHasSeenAPass) {
  EXPECT_EQ(Choose({kText}).num_tokens, 0);
  EXPECT_EQ(lengths_.pass_cost(1), nullptr);
  EXPECT_TRUE(lengths_.Choose({}, 5).empty());
}

TEST_F(DraftLengthTest, DraftsAllThatIsKeptWhereAPassHardlyGrows) {
  ObservePasses(0.02);
  Verify(kText, true, 40);
  const DraftChoice choice = Choose({kText});
  EXPECT_EQ(choice.num_tokens, 8);
  EXPECT_EQ(choice.kind.series, kText.kind.series);
  EXPECT_FALSE(choice.is_probe);
  EXPECT_EQ(Choose({{kText.kind, 3}}).num_tokens, 3);
  EXPECT_EQ(Choose({{kText.kind, 0}}).num_tokens, 0);
  EXPECT_EQ(Choose({}).num_tokens, 0);
}

TEST_F(DraftLengthTest, TakesTheSourceThatIsKeptMore) {
  ObservePasses(0.05);
  Verify(kText, false, 20);
  Verify(kPrediction, true, 20);
  const DraftChoice choice = Choose({kText, kPrediction});
  EXPECT_EQ(choice.kind.source, DraftSource::kPrediction);
  EXPECT_EQ(choice.candidate, 1);
  EXPECT_GT(choice.num_tokens, 0);
}

TEST_F(DraftLengthTest, TakesTheTextWhereTheModelIsTooSlowToBeWorthMore) {
  ObservePasses(0.05);
  Verify(kText, true, 3);
  Verify(kModel, true, 60);
  lengths_.ObserveDraftOverhead(absl::Milliseconds(0.01));
  for (int i = 0; i < 60; ++i) {
    lengths_.ObserveDraftStep(1, absl::Milliseconds(0.01));
  }
  EXPECT_EQ(Choose({kText, kModel}).kind.source, DraftSource::kDraftModel);
  for (int i = 0; i < 60; ++i) {
    lengths_.ObserveDraftStep(1, absl::Milliseconds(2));
  }
  const DraftChoice choice = Choose({kText, kModel});
  EXPECT_EQ(choice.kind.source, DraftSource::kText);
  EXPECT_GT(choice.num_tokens, 0);
}

TEST_F(DraftLengthTest, CountsTheCostOfACallForDrafts) {
  ObservePasses(0.05);
  Verify(kModel, true, 40);
  lengths_.ObserveDraftStep(1, absl::Milliseconds(0.1));
  EXPECT_GT(Choose({kModel}).num_tokens, 0);
  lengths_.ObserveDraftOverhead(absl::Milliseconds(30));
  EXPECT_EQ(Choose({kModel}).num_tokens, 0);
}

// A pass that is long for its prompts does not make a useless token cheap.
TEST_F(DraftLengthTest, DoesNotDraftMoreBecauseAPassHasPrompts) {
  for (int i = 0; i < 50; ++i) {
    for (const int n : {1, 2, 3, 4, 6, 8, 12, 256, 384}) {
      lengths_.ObservePass(1, n, absl::Milliseconds(n));
    }
  }
  Verify(kText, true, 40);
  EXPECT_EQ(Choose({kText}).num_tokens, 0);
  EXPECT_EQ(Choose({kText}, 256).num_tokens, 0);
}

TEST_F(DraftLengthTest, ProbesAtLastAUselessSourceButOneTokenAtATime) {
  ObservePasses(0.1);
  Verify(kText, false, 40);
  int num_probes = 0;
  for (int step = 0; step < 1000; ++step) {
    const DraftChoice choice = Choose({kText});
    if (choice.num_tokens == 0) continue;
    EXPECT_TRUE(choice.is_probe);
    EXPECT_EQ(choice.num_tokens, 1);
    lengths_.ObserveVerdict(choice, 1, 0, history_);
    ++num_probes;
  }
  // Each costs a tenth of a pass or a little more.
  EXPECT_GT(num_probes, 30);
  EXPECT_LT(num_probes, 50);
}

TEST_F(DraftLengthTest, ProbesAreRarerWhereTheyTurnOutToCostMore) {
  // The steps of a draft model and the pass take three times what they were
  // expected to, each time, and what is expected does not follow.
  ObservePasses(0.1);
  Verify(kModel, false, 40);
  const auto num_probes = [&](absl::Duration longer) {
    int count = 0;
    for (int step = 0; step < 16000; ++step) {
      if (Choose({kModel}).num_tokens > 0) {
        lengths_.ObserveDraftOverhead(absl::Milliseconds(0.1));
        lengths_.ObserveDraftStep(1, absl::Milliseconds(0.1));
        lengths_.ObservePass(1, 2, absl::Milliseconds(1.1) + longer);
        ++count;
      }
      // Passes of as many tokens that were as quick as ever.
      for (int i = 0; i < 4; ++i)
        lengths_.ObservePass(1, 2, absl::Milliseconds(1.1));
      lengths_.ObservePass(1, 1, absl::Milliseconds(1));
    }
    return count;
  };
  num_probes(absl::ZeroDuration());  // until the budget is the least
  const int as_expected = num_probes(absl::ZeroDuration());
  EXPECT_GT(as_expected, 40);
  EXPECT_LT(num_probes(absl::Milliseconds(0.6)), 0.6 * as_expected);
}

TEST_F(DraftLengthTest, FollowsAProbeThatWasKeptByTheNextAtOnce) {
  ObservePasses(0.1);
  Verify(kText, false, 200);
  DraftChoice probe;
  while (probe.num_tokens == 0) probe = Choose({kText});
  lengths_.ObserveVerdict(probe, 1, 1, history_);
  const DraftChoice next = Choose({kText});
  EXPECT_TRUE(next.is_probe);
  EXPECT_EQ(next.num_tokens, 1);
}

TEST_F(DraftLengthTest, GoesWithoutDraftsNowAndThen) {
  ObservePasses(0.05);
  Verify(kText, true, 40);
  int num_plain = 0;
  for (int step = 0; step < 1000; ++step) {
    num_plain += Choose({kText}).num_tokens == 0;
  }
  EXPECT_GE(num_plain, 10);
  EXPECT_LE(num_plain, 15);
}

TEST(BatchCostTest, LearnsEachClassOfBatchApart) {
  BatchCost costs;
  EXPECT_EQ(costs.Find(1), nullptr);
  for (int i = 0; i < 50; ++i) costs.Observe(1, 16, absl::Milliseconds(2));
  EXPECT_NEAR(costs.Find(64)->Seconds(16), 0.002, 1e-4);
  for (int i = 0; i < 50; ++i) costs.Observe(16, 16, absl::Milliseconds(9));
  EXPECT_NEAR(costs.Find(1)->Seconds(16), 0.002, 1e-4);
  EXPECT_NEAR(costs.Find(9)->Seconds(16), 0.009, 1e-3);
  EXPECT_NEAR(costs.Find(64)->Seconds(16), 0.009, 1e-3);
}

TEST(BatchCostTest, HasClassesForEveryBatch) {
  EXPECT_EQ(BatchCost::ClassOf(1), 0);
  EXPECT_EQ(BatchCost::ClassOf(2), 1);
  EXPECT_EQ(BatchCost::ClassOf(4), 2);
  EXPECT_EQ(BatchCost::ClassOf(5), 3);
  EXPECT_EQ(BatchCost::ClassOf(1 << 30), BatchCost::kNumClasses - 1);
}

}  // namespace
}  // namespace tessera::speculation
