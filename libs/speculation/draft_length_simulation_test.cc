// DraftLength in simulated time: speeds beside plain decoding of the same
// batch.
#include <algorithm>
#include <memory>

#include "gtest/gtest.h"
#include "libs/speculation/simulated_batch.h"

namespace tessera::speculation {
namespace {

const DraftCandidate kText = {KindOfText({.match_length = 4}), 16};
const DraftCandidate kModel = {KindOfDraftModel(), 16};

SimulatedSequence Steady(double rate, DraftCandidate candidate = kText) {
  return {{candidate}, [rate](DraftSource, int, int64_t) { return rate; }};
}

// Where the best length is hardly better than none, luck decides what one
// simulation finds.
constexpr int kNumSeeds = 3;

double Speedup(const std::vector<SimulatedSequence>& sequences,
               const SimulatedCosts& costs, int num_steps) {
  double sum = 0;
  for (int seed = 1; seed <= kNumSeeds; ++seed) {
    SimulatedBatch batch(sequences, costs, seed);
    batch.Run(num_steps);
    sum += batch.Speedup();
  }
  return sum / kNumSeeds;
}

double BestFixed(const std::vector<SimulatedSequence>& sequences,
                 const SimulatedCosts& costs) {
  double best = 1;
  for (int length = 1; length <= 16; ++length) {
    SimulatedBatch batch(sequences, costs, 1);
    batch.RunFixed(2000, length);
    best = std::max(best, batch.Speedup());
  }
  return best;
}

class BatchTest : public testing::TestWithParam<int> {};

TEST_P(BatchTest, UselessDraftsCostLessThanTwoPercent) {
  for (const DraftCandidate& candidate : {kText, kModel}) {
    const std::vector<SimulatedSequence> batch(GetParam(),
                                               Steady(0, candidate));
    EXPECT_GT(Speedup(batch, {}, 500), 0.98);
    // Not only on the whole: after the beginning less than one.
    SimulatedBatch later(batch, {}, 2);
    later.Run(100);
    later.ForgetSpeed();
    later.Run(1000);
    EXPECT_GT(later.Speedup(), 0.99);
  }
}

TEST_P(BatchTest, NearlyUselessDraftsCostLessThanTwoPercent) {
  for (const double rate : {0.02, 0.05, 0.1, 0.2}) {
    for (const DraftCandidate& candidate : {kText, kModel}) {
      const std::vector<SimulatedSequence> batch(GetParam(),
                                                 Steady(rate, candidate));
      EXPECT_GT(Speedup(batch, {}, 1000), 0.98) << rate;
    }
  }
}

TEST_P(BatchTest, GoodDraftsGainNearlyTheBestFixedLength) {
  for (const double rate : {0.6, 0.8, 0.95, 1.0}) {
    for (const DraftCandidate& candidate : {kText, kModel}) {
      const std::vector<SimulatedSequence> batch(GetParam(),
                                                 Steady(rate, candidate));
      const double best = BestFixed(batch, {});
      EXPECT_GT(Speedup(batch, {}, 1000), best * 0.95) << rate;
    }
  }
}

TEST_P(BatchTest, MixedBatchesAreNotSlowerThanPlain) {
  std::vector<SimulatedSequence> batch;
  for (int i = 0; i < GetParam(); ++i) {
    batch.push_back(
        {{kText, kModel}, [i](DraftSource source, int position, int64_t) {
           if (source == DraftSource::kText) return i % 4 == 0 ? 0.9 : 0.1;
           return i % 3 == 0 ? 0.7 : 0.3;
         }});
  }
  EXPECT_GT(Speedup(batch, {}, 1000), 0.99);
  SimulatedCosts noisy;
  noisy.noise = 0.15;
  noisy.interruptions = 0.05;
  EXPECT_GT(Speedup(batch, noisy, 1000), 0.98);
}

INSTANTIATE_TEST_SUITE_P(Sizes, BatchTest, testing::Values(1, 2, 4, 16, 64));

TEST(DraftLengthSimulationTest, DraftsNothingUnderLoad) {
  SimulatedBatch batch(std::vector<SimulatedSequence>(64, Steady(1)), {}, 1);
  batch.Run(100);
  const int64_t before = batch.num_draft_tokens();
  batch.Run(500);
  EXPECT_EQ(batch.num_draft_tokens(), before);
}

// 300 tokens useless, 300 nearly perfect, and so on.
TEST(DraftLengthSimulationTest, FollowsAcceptanceThatChanges) {
  const SimulatedSequence changing = {
      {kText}, [](DraftSource, int, int64_t num_tokens) {
        return num_tokens / 300 % 2 == 0 ? 0.0 : 0.97;
      }};
  const double steady = Speedup({Steady(0.97)}, {}, 2000);
  // As fast as possible on half of the tokens, plain on the others.
  const double ideal = 2 / (1 + 1 / steady);
  EXPECT_GT(Speedup({changing}, {}, 4000), 1 + 0.7 * (ideal - 1));
}

TEST(DraftLengthSimulationTest, RecoversAfterALongUselessStretch) {
  for (const DraftCandidate& candidate : {kText, kModel}) {
    const SimulatedSequence late = {{candidate},
                                    [](DraftSource, int, int64_t num_tokens) {
                                      return num_tokens < 5000 ? 0.0 : 1.0;
                                    }};
    SimulatedBatch batch({late}, {}, 1);
    batch.Run(5000);
    EXPECT_GT(batch.Speedup(), 0.99);
    batch.Run(400);
    batch.ForgetSpeed();
    batch.Run(100);
    EXPECT_GT(batch.Speedup(), 0.9 * BestFixed({Steady(1, candidate)}, {}));
  }
}

TEST(DraftLengthSimulationTest, LetsTheDraftModelBeWhereItIsTooSlow) {
  SimulatedCosts slow;
  slow.draft_step = 0.9;
  slow.draft_overhead = 0.5;
  EXPECT_GT(Speedup({Steady(0.9, kModel)}, slow, 1000), 0.98);
}

TEST(DraftLengthSimulationTest, GivesTheSameChoicesForTheSameCalls) {
  const std::vector<SimulatedSequence> batch(4, Steady(0.5));
  SimulatedBatch a(batch, {}, 7);
  SimulatedBatch b(batch, {}, 7);
  a.Run(300);
  b.Run(300);
  EXPECT_EQ(a.Speedup(), b.Speedup());
  EXPECT_EQ(a.num_draft_tokens(), b.num_draft_tokens());
}

}  // namespace
}  // namespace tessera::speculation
