#include "libs/speculation/allocation.h"

#include <algorithm>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tessera::speculation {
namespace {

using testing::ElementsAre;

DraftOption Option(double rate, int num_tokens, bool uses_draft_model = false) {
  DraftOption option;
  option.uses_draft_model = uses_draft_model;
  double gain = 1;
  for (int i = 0; i < num_tokens; ++i) option.gains.push_back(gain *= rate);
  return option;
}

// `slope` more for each token, a step of the model `step` for any number.
StepCosts Costs(double slope, int num_tokens, double step = 0,
                double overhead = 0) {
  StepCosts costs;
  costs.plain = 1;
  for (int t = 0; t <= num_tokens; ++t) costs.pass.push_back(1 + slope * t);
  costs.draft_step.assign(100, step);
  costs.draft_step[0] = 0;
  costs.draft_overhead = overhead;
  return costs;
}

TEST(AllocateTest, DraftsAllThatIsSureAndNothingThatIsNot) {
  EXPECT_THAT(
      Allocate(2, {Option(1, 4), Option(0.02, 4)}, Costs(0.1, 8), 0).num_tokens,
      ElementsAre(4, 0));
}

TEST(AllocateTest, StopsWhereATokenCostsMoreThanItBrings) {
  // A token is worth 1 / rate seconds: gains of 0.8, 0.64, 0.512, 0.41, ...
  const Allocation found = Allocate(1, {Option(0.8, 16)}, Costs(0.2, 16), 0);
  double best = 1;
  int best_length = 0;
  double tokens = 1;
  for (int t = 1; t <= 16; ++t) {
    tokens += Option(0.8, 16).gains[t - 1];
    if (tokens / (1 + 0.2 * t) > best) {
      best = tokens / (1 + 0.2 * t);
      best_length = t;
    }
  }
  EXPECT_THAT(found.num_tokens, ElementsAre(best_length));
  EXPECT_NEAR(found.expected_tokens / found.seconds, best, 1e-9);
}

TEST(AllocateTest, SeesPastACostlyFirstToken) {
  // A second token costs 1.5 passes, seven more nothing.
  StepCosts costs = Costs(0, 8);
  for (int t = 1; t <= 8; ++t) costs.pass[t] = 2.5;
  EXPECT_THAT(Allocate(1, {Option(0.95, 1)}, costs, 0).num_tokens,
              ElementsAre(0));
  EXPECT_THAT(Allocate(1, {Option(0.95, 8)}, costs, 0).num_tokens,
              ElementsAre(8));
}

TEST(AllocateTest, DraftsNothingWhereAPassCostsInProportion) {
  std::vector<DraftOption> options(64, Option(1, 8));
  const StepCosts costs = Costs(1.0 / 64, 64 * 8);
  EXPECT_THAT(Allocate(64, options, costs, 0.01).num_tokens, testing::Each(0));
}

TEST(AllocateTest, PaysTheDraftModelsStepsForAllSequencesAtOnce) {
  const auto lengths = [](int num_sequences, double step, double overhead) {
    const std::vector<DraftOption> options(num_sequences, Option(0.9, 4, true));
    return Allocate(num_sequences, options,
                    Costs(0.02, 4 * num_sequences, step, overhead), 0)
        .num_tokens;
  };
  EXPECT_THAT(lengths(1, 0.1, 0), testing::Each(testing::Gt(0)));
  EXPECT_THAT(lengths(1, 2, 0), testing::Each(0));
  EXPECT_THAT(lengths(1, 0.1, 5), testing::Each(0));
}

TEST(AllocateTest, DoesNotLetOneSequencePayForManySteps) {
  // Fifteen sequences are worth two steps, a sixteenth would take eight.
  std::vector<DraftOption> options(15, Option(0.5, 8, true));
  options.push_back(Option(0.99, 8, true));
  const Allocation found = Allocate(16, options, Costs(0.001, 16 * 8, 0.15), 0);
  EXPECT_GT(found.num_tokens[0], 0);
  EXPECT_LT(found.num_tokens[15], 8);
}

TEST(AllocateTest, WantsTheMargin) {
  EXPECT_THAT(Allocate(1, {Option(0.11, 1)}, Costs(0.1, 1), 0).num_tokens,
              ElementsAre(1));
  EXPECT_THAT(Allocate(1, {Option(0.11, 1)}, Costs(0.1, 1), 0.02).num_tokens,
              ElementsAre(0));
}

// All allocations of up to 3 tokens to each of 3 sequences.
double BestByTryingAll(const std::vector<DraftOption>& options,
                       const StepCosts& costs) {
  double best = 0;
  for (int code = 0; code < 64; ++code) {
    const int lengths[] = {code % 4, code / 4 % 4, code / 16};
    double tokens = 3;
    int total = 0;
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < lengths[i]; ++j) tokens += options[i].gains[j];
      total += lengths[i];
    }
    const double seconds = costs.plain + costs.pass[total] - costs.pass[0];
    best = std::max(best, tokens / seconds);
  }
  return best;
}

TEST(AllocateTest, IsTheBestOfAllWithoutADraftModel) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int round = 0; round < 500; ++round) {
    std::vector<DraftOption> options;
    for (int i = 0; i < 3; ++i) {
      options.push_back(Option(0.25 + 0.75 * uniform(random), 3));
    }
    StepCosts costs = Costs(0, 9);
    for (int t = 1; t <= 9; ++t) {
      costs.pass[t] = costs.pass[t - 1] + (round % 2 ? 0.3 : 0.1) *
                                              uniform(random) *
                                              (uniform(random) < 0.5);
    }
    const Allocation found = Allocate(3, options, costs, 0);
    EXPECT_NEAR(found.expected_tokens / found.seconds,
                BestByTryingAll(options, costs), 1e-9)
        << round;
  }
}

}  // namespace
}  // namespace tessera::speculation
