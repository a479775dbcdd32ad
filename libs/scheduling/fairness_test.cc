// Who comes first, who is preempted, and that nobody waits for ever.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/scheduling/prompt_shares.h"
#include "libs/scheduling/scheduler.h"
#include "libs/scheduling/simulated_engine.h"

namespace tessera::scheduling {
namespace {

constexpr SchedulerOptions kOptions = {
    .max_queued = 10000, .max_pass_tokens = 64, .max_context = 4000};
constexpr SchedulerOptions kOneAtATime = {
    .max_running = 1, .max_pass_tokens = 64, .max_context = 4000};

// A prompt that no other begins like.
SequenceSpec Spec(int num_tokens, int priority = 0) {
  static int32_t next = 0;
  SequenceSpec spec;
  spec.tokens.assign(num_tokens, ++next);
  spec.priority = priority;
  return spec;
}

bool IsRunning(SimulatedEngine& engine, SequenceId id) {
  return engine.scheduler().progress(id).num_computed > 0;
}

TEST(FairnessTest, LowerPriorityIsEarlierThenArrival) {
  SimulatedEngine engine(500, kOneAtATime);
  const SequenceId second = *engine.Add(Spec(4), 0);
  const SequenceId third = *engine.Add(Spec(4), 0);
  const SequenceId first = *engine.Add(Spec(4, -1), 0);
  for (const SequenceId id : {first, second, third}) {
    EXPECT_EQ(engine.Step(64).at(0).sequence, id);
  }
}

TEST(FairnessTest, WaitingIsWorthPriority) {
  SimulatedEngine engine(500, kOneAtATime);  // a step each 10 seconds
  const SequenceId low = *engine.Add(Spec(4, 1), 0);
  engine.Advance(absl::Seconds(9));
  const SequenceId high = *engine.Add(Spec(4, 0), 0);
  EXPECT_EQ(engine.Step(64).at(0).sequence, high);
  engine.Advance(absl::Seconds(2));
  *engine.Add(Spec(4, 0), 0);
  EXPECT_EQ(engine.Step(64).at(0).sequence, low);
}

TEST(FairnessTest, AShortPromptOvertakesALongOne) {
  SimulatedEngine engine(2000, kOptions);
  const SequenceId longer = *engine.Add(Spec(3000), 0);
  engine.Step(64);
  const SequenceId shorter = *engine.Add(Spec(30), 5);
  engine.Step(64);
  EXPECT_EQ(engine.scheduler().progress(shorter).num_computed, 30);
  EXPECT_EQ(engine.scheduler().progress(longer).num_computed, 64 + 34);
}

// Each second brings ten short requests of the highest priority, more than can
// be computed.
TEST(FairnessTest, AHostileStreamDoesNotStarveALongPrompt) {
  SimulatedEngine engine(1200, kOptions);
  *engine.Add(Spec(40, -5), 50);
  engine.Step(64);
  const SequenceId victim = *engine.Add(Spec(1000, 3), 3);
  int num_steps = 0;
  while (engine.sequences().contains(victim)) {
    for (int i = 0; i < 10; ++i) engine.Add(Spec(20, -5), 3).IgnoreError();
    engine.Advance(absl::Seconds(1));
    engine.Step(64);
    ASSERT_FALSE(HasFailure());
    // 80 seconds are worth the 8 steps; then come those queued before, and then
    // half of each pass.
    ASSERT_LT(++num_steps, 600);
  }
}

TEST(FairnessTest, ALargeSequenceAtTheHeadIsNotPassedBySmallOnes) {
  SimulatedEngine engine(20, kOptions);
  const SequenceId running = *engine.Add(Spec(40), 20);
  engine.Step(64);
  const SequenceId large = *engine.Add(Spec(60), 1);
  const SequenceId small = *engine.Add(Spec(4), 1);
  engine.Step(64);
  EXPECT_FALSE(IsRunning(engine, large));
  EXPECT_FALSE(IsRunning(engine, small));
  engine.Remove(running);
  engine.Step(64);
  EXPECT_TRUE(IsRunning(engine, large));
}

TEST(FairnessTest, AdmissionKeepsBlocksForThePromptsThatRun) {
  SimulatedEngine engine(30, kOptions);
  *engine.Add(Spec(80), 1);
  engine.Step(4);  // holds one block of twenty
  const SequenceId second = *engine.Add(Spec(40), 1);
  engine.Step(4);
  EXPECT_FALSE(IsRunning(engine, second));
  engine.Finish(64, 20);
  EXPECT_EQ(engine.scheduler().stats().num_preemptions, 0);
}

TEST(FairnessTest, AdmissionKeepsABlockForEachThatRuns) {
  for (const auto& [num_tokens, is_admitted] :
       {std::pair(28, true), {29, false}}) {
    SimulatedEngine engine(10, kOptions);
    *engine.Add(Spec(8), 4);  // its next token needs a third block
    engine.Step(64);
    const SequenceId second = *engine.Add(Spec(num_tokens), 1);
    engine.Step(64);
    EXPECT_EQ(IsRunning(engine, second), is_admitted);
    engine.Finish(64, 20);
    EXPECT_EQ(engine.scheduler().stats().num_preemptions, 0);
  }
}

TEST(FairnessTest, PreemptsTheLowestPriorityThenTheYoungest) {
  SimulatedEngine engine(12, kOptions);
  const SequenceId low = *engine.Add(Spec(8, 1), 12);
  const SequenceId first = *engine.Add(Spec(8), 28);
  const SequenceId young = *engine.Add(Spec(8), 28);
  engine.Step(64);
  std::vector<SequenceId> victims;
  while (victims.size() < 2) {
    engine.Step(64);
    for (const SequenceId id : {low, young, first}) {
      if (!engine.sequences().contains(id)) continue;
      const int num = engine.scheduler().progress(id).num_preemptions;
      if (num > std::count(victims.begin(), victims.end(), id)) {
        victims.push_back(id);
      }
    }
    ASSERT_TRUE(engine.sequences().contains(first));
  }
  EXPECT_EQ(victims, (std::vector<SequenceId>{low, young}));
  const std::vector<int32_t> tokens = engine.sequences().at(young).tokens;
  EXPECT_GT(tokens.size(), 8);
  EXPECT_EQ(engine.scheduler().tokens(young), tokens);
  while (engine.sequences().contains(first)) {
    EXPECT_EQ(engine.scheduler().progress(first).num_preemptions, 0);
    engine.Step(64);
  }
  engine.Finish(64, 100);
}

TEST(FairnessTest, WhoeverWasPreemptedFindsItsBlocksInTheCache) {
  SimulatedEngine engine(12, kOptions);
  *engine.Add(Spec(20), 12);
  const SequenceId victim = *engine.Add(Spec(20), 8);
  while (engine.scheduler().progress(victim).num_preemptions == 0) {
    engine.Step(64);
  }
  engine.Finish(64, 100);
  // Each token once, but for the two blocks that the other one took.
  EXPECT_LE(engine.num_computed(), 32 + 28 + 8);
}

TEST(PromptSharesTest, HalfGoesToTheFirstAndTheRestToTheShortest) {
  using Shares = std::vector<int64_t>;
  EXPECT_EQ(SharePromptBudget(64, {}), Shares{});
  EXPECT_EQ(SharePromptBudget(64, {100}), Shares{64});
  EXPECT_EQ(SharePromptBudget(64, {10}), Shares{10});
  EXPECT_EQ(SharePromptBudget(1, {100, 1}), (Shares{1, 0}));
  EXPECT_EQ(SharePromptBudget(64, {100, 50, 20}), (Shares{32, 12, 20}));
  EXPECT_EQ(SharePromptBudget(64, {100, 5, 5, 5}), (Shares{49, 5, 5, 5}));
  EXPECT_EQ(SharePromptBudget(64, {10, 100, 100}), (Shares{10, 54, 0}));
  EXPECT_EQ(SharePromptBudget(64, {10, 10}), (Shares{10, 10}));
}

}  // namespace
}  // namespace tessera::scheduling
