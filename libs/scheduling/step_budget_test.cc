#include "libs/scheduling/step_budget.h"

#include <random>

#include "gtest/gtest.h"

namespace tessera::scheduling {
namespace {

constexpr absl::Duration kTarget = absl::Milliseconds(50);

// A machine whose passes cost what they are made of, give or take a tenth.
struct Machine {
  double fixed_ms = 3;
  double per_stream_ms = 0.2;
  double per_prompt_token_ms = 0.4;
  std::mt19937 random{1};

  double Exact(int num_decoding, int64_t num_prompt_tokens) const {
    return fixed_ms + per_stream_ms * num_decoding +
           per_prompt_token_ms * num_prompt_tokens;
  }
  absl::Duration Run(int num_decoding, int64_t num_prompt_tokens) {
    const double noise = std::uniform_real_distribution(0.9, 1.1)(random);
    return absl::Milliseconds(noise * Exact(num_decoding, num_prompt_tokens));
  }
  // Passes full of prompt beside so many streams.
  void Load(StepBudget& budget, int num_decoding, int num_passes) {
    for (int i = 0; i < num_passes; ++i) {
      const int64_t num_prompt = budget.PromptTokens(num_decoding);
      budget.Observe(num_decoding, num_prompt, Run(num_decoding, num_prompt));
    }
  }
  double NextMs(const StepBudget& budget, int num_decoding) const {
    return Exact(num_decoding, budget.PromptTokens(num_decoding));
  }
};

TEST(StepBudgetTest, StartsSmallAndGivesAllWhenNobodyWaits) {
  const StepBudget budget(kTarget, 512);
  EXPECT_EQ(budget.PromptTokens(1), 64);
  EXPECT_EQ(budget.PromptTokens(64), 64);
  EXPECT_EQ(budget.PromptTokens(0), 512);
  EXPECT_EQ(StepBudget(kTarget, 8).PromptTokens(1), 8);
}

TEST(StepBudgetTest, FillsTheTargetAndNoMore) {
  for (const int num_decoding : {1, 4, 16, 64}) {
    Machine machine;
    StepBudget budget(kTarget, 512);
    machine.Load(budget, num_decoding, 50);
    for (int i = 0; i < 100; ++i) {
      machine.Load(budget, num_decoding, 1);
      EXPECT_LE(machine.NextMs(budget, num_decoding), 52);
      EXPECT_GE(machine.NextMs(budget, num_decoding), 38);
    }
  }
}

TEST(StepBudgetTest, EarlyPassesDoNotOvershoot) {
  Machine machine;
  StepBudget budget(kTarget, 512);
  for (int i = 0; i < 50; ++i) {
    EXPECT_LE(machine.NextMs(budget, 8), 60) << "pass " << i;
    machine.Load(budget, 8, 1);
  }
}

TEST(StepBudgetTest, FollowsTheNumberOfStreams) {
  Machine machine;
  StepBudget budget(kTarget, 512);
  for (int i = 0; i < 300; ++i) machine.Load(budget, 1 + i * 37 % 128, 1);
  for (const int num_decoding : {1, 16, 64}) {
    EXPECT_LE(machine.NextMs(budget, num_decoding), 55) << num_decoding;
    EXPECT_GE(machine.NextMs(budget, num_decoding), 35) << num_decoding;
  }
}

TEST(StepBudgetTest, AWholePassWithNobodyWaitingTeachesWhatATokenCosts) {
  Machine machine;
  StepBudget budget(kTarget, 512);
  for (int i = 0; i < 3; ++i) budget.Observe(0, 512, machine.Run(0, 512));
  EXPECT_LE(machine.NextMs(budget, 1), 60);
  EXPECT_GE(machine.NextMs(budget, 1), 35);
}

TEST(StepBudgetTest, RemembersPromptsThroughPassesWithoutThem) {
  Machine machine;
  StepBudget budget(kTarget, 512);
  machine.Load(budget, 8, 100);
  for (int i = 0; i < 10000; ++i) budget.Observe(8, 0, machine.Run(8, 0));
  EXPECT_LE(machine.NextMs(budget, 8), 60);
  EXPECT_GE(machine.NextMs(budget, 8), 35);
}

TEST(StepBudgetTest, OnePauseOfTheMachineHardlyMatters) {
  Machine machine;
  StepBudget budget(kTarget, 512);
  machine.Load(budget, 8, 100);
  const int64_t before = budget.PromptTokens(8);
  budget.Observe(8, before, absl::Seconds(5));
  EXPECT_GE(budget.PromptTokens(8), before * 7 / 10);
  machine.Load(budget, 8, 10);
  EXPECT_GE(budget.PromptTokens(8), before * 9 / 10);
}

TEST(StepBudgetTest, AMachineThatStaysSlowIsFollowed) {
  Machine machine;
  StepBudget budget(kTarget, 512);
  machine.Load(budget, 8, 100);
  machine.fixed_ms *= 4;
  machine.per_stream_ms *= 4;
  machine.per_prompt_token_ms *= 4;
  machine.Load(budget, 8, 20);
  EXPECT_LE(machine.NextMs(budget, 8), 60);
}

TEST(StepBudgetTest, PromptsGetOnWhereTheTargetCannotBeHeld) {
  Machine machine;
  machine.fixed_ms = 100;
  StepBudget budget(kTarget, 512);
  machine.Load(budget, 8, 50);
  EXPECT_EQ(budget.PromptTokens(8), 16);
  EXPECT_EQ(budget.PromptTokens(50), 50);
}

TEST(StepBudgetTest, NoTargetIsNoLimitOnceMeasured) {
  Machine machine;
  StepBudget budget(absl::InfiniteDuration(), 512);
  machine.Load(budget, 8, 5);
  EXPECT_EQ(budget.PromptTokens(8), 512);
}

}  // namespace
}  // namespace tessera::scheduling
