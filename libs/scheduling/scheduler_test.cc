#include "libs/scheduling/scheduler.h"

#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "libs/scheduling/simulated_engine.h"

namespace tessera::scheduling {
namespace {

constexpr SchedulerOptions kOptions = {.max_pass_tokens = 64,
                                       .max_context = 200};

std::vector<int32_t> Tokens(int num_tokens, int32_t first = 0) {
  std::vector<int32_t> tokens(num_tokens);
  for (int i = 0; i < num_tokens; ++i) tokens[i] = first + i;
  return tokens;
}

TEST(SchedulerTest, APromptGoesInChunksThenATokenAPass) {
  SimulatedEngine engine(50, kOptions);
  const SequenceId id = *engine.Add({Tokens(20)}, 2);
  for (const auto& [position, num_tokens, is_last] :
       {std::tuple(0, 8, false), {8, 8, false}, {16, 4, true}, {20, 1, true}}) {
    const SimulatedPass pass = engine.Step(8);
    ASSERT_EQ(pass.size(), 1);
    EXPECT_EQ(pass[0].sequence, id);
    EXPECT_EQ(pass[0].first_position, position);
    EXPECT_EQ(pass[0].num_tokens, num_tokens);
    EXPECT_EQ(pass[0].is_last, is_last);
  }
  engine.Step(8);  // the second new token, and the end
  EXPECT_TRUE(engine.sequences().empty());
  EXPECT_TRUE(engine.Step(8).empty());
}

TEST(SchedulerTest, StreamsGetATokenEachBesideAPromptsChunk) {
  SimulatedEngine engine(100, kOptions);
  for (int i = 0; i < 3; ++i) *engine.Add({Tokens(4, i)}, 50);
  engine.Step(64);
  const SequenceId prompt = *engine.Add({Tokens(100, 1000)}, 1);
  const SimulatedPass pass = engine.Step(10);
  ASSERT_EQ(pass.size(), 4);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pass[i].num_tokens, 1);
  EXPECT_EQ(pass[3].sequence, prompt);
  EXPECT_EQ(pass[3].num_tokens, 10);
  EXPECT_EQ(engine.Step(0).size(), 3);
  EXPECT_EQ(engine.Step(1000)[3].num_tokens, 61);  // max_pass_tokens
}

TEST(SchedulerTest, PromptsWhoseLogitsAreWantedShareABoundedNumberOfRows) {
  SchedulerOptions options = kOptions;
  options.max_logit_rows = 10;
  SimulatedEngine engine(50, options);
  SequenceSpec spec = {Tokens(24)};
  spec.computes_whole_prompt = true;
  *engine.Add(spec, 2);
  *engine.Add(spec, 2);
  *engine.Add({Tokens(30, 100)}, 2);
  const SimulatedPass pass = engine.Step(64);
  ASSERT_EQ(pass.size(), 2);
  EXPECT_EQ(pass[0].num_tokens, 10);
  EXPECT_EQ(pass[1].num_tokens, 30);
  for (int i = 0; i < 6; ++i) engine.Step(64);
  EXPECT_TRUE(engine.sequences().empty());
}

TEST(SchedulerTest, APromptGetsOneTokenWhereNothingElseRuns) {
  SimulatedEngine engine(50, kOptions);
  *engine.Add({Tokens(20)}, 2);
  EXPECT_EQ(engine.Step(0)[0].num_tokens, 1);
}

TEST(SchedulerTest, MoreStreamsThanAPassHasTakeTurns) {
  SimulatedEngine engine(50, {.max_pass_tokens = 2, .max_context = 200});
  std::vector<SequenceId> ids = {*engine.Add({{1, 2}}, 100)};
  while (!engine.Compute(2)[0].is_last) engine.Commit();
  engine.Commit();
  for (int i = 0; i < 4; ++i) ids.push_back(engine.Fork(ids[0]));
  for (const SequenceId id : ids) engine.Draw(id);
  std::map<SequenceId, int> num_turns;
  for (int i = 0; i < 50; ++i) {
    for (const SimulatedChunk& chunk : engine.Step(2)) {
      ++num_turns[chunk.sequence];
    }
  }
  for (const SequenceId id : ids) EXPECT_EQ(num_turns[id], 20);
}

TEST(SchedulerTest, AFailedPassIsPlannedAgain) {
  SimulatedEngine engine(50, kOptions);
  *engine.Add({Tokens(10)}, 5);
  engine.Step(8);
  const SimulatedPass failed = engine.Compute(8);
  const SimulatedPass again = engine.Compute(1);
  EXPECT_EQ(failed[0].first_position, 8);
  EXPECT_EQ(again[0].first_position, 8);
  EXPECT_EQ(again[0].num_tokens, 1);
  engine.CommitAndDraw(again);
  engine.Finish(8, 20);
}

TEST(SchedulerTest, ASequenceOfAFailedPassCanBeRemoved) {
  SimulatedEngine engine(50, kOptions);
  const SequenceId id = *engine.Add({Tokens(10)}, 5);
  *engine.Add({Tokens(10, 100)}, 5);
  engine.Compute(20);
  engine.Remove(id);
  EXPECT_EQ(engine.Step(20).size(), 1);
  engine.Finish(8, 20);
}

TEST(SchedulerTest, AForkSharesBlocksUntilItWrites) {
  SimulatedEngine engine(50, kOptions);
  const SequenceId id = *engine.Add({Tokens(10)}, 20);
  engine.Compute(64);
  engine.Commit();
  const SequenceId twin = engine.Fork(id);
  EXPECT_EQ(engine.scheduler().stats().num_blocks_in_use, 3);
  EXPECT_EQ(engine.scheduler().stats().num_running, 2);
  engine.Draw(id);
  engine.Draw(twin);
  engine.Step(0);
  EXPECT_EQ(engine.scheduler().stats().num_blocks_in_use, 4);
  engine.Finish(0, 30);
}

TEST(SchedulerTest, RefusesWhatCannotRun) {
  SimulatedEngine engine(10, kOptions);
  EXPECT_EQ(engine.scheduler().max_sequence_tokens(), 40);
  const auto message = [&](int num_tokens) {
    const absl::Status status = engine.Add({Tokens(num_tokens)}, 1).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_EQ(message(0), "no tokens");
  EXPECT_EQ(message(201), "201 tokens: the context has 200");
  EXPECT_EQ(message(41), "41 tokens need 11 KV blocks: there are 10");
  EXPECT_TRUE(engine.Add({Tokens(40)}, 0).ok());
  engine.Finish(64, 5);
}

TEST(SchedulerTest, AFullQueueRefuses) {
  SimulatedEngine engine(
      50, {.max_queued = 2, .max_running = 1, .max_context = 200});
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(engine.Add({{1}}, 10).ok());
  EXPECT_EQ(engine.Add({{1}}, 10).status().code(),
            absl::StatusCode::kResourceExhausted);
  engine.Step(8);
  EXPECT_EQ(engine.scheduler().stats().num_running, 1);
  EXPECT_EQ(engine.scheduler().stats().num_waiting, 1);
  EXPECT_TRUE(engine.Add({{1}}, 10).ok());
}

TEST(SchedulerTest, ALoneSequenceFillsThePool) {
  SimulatedEngine engine(5, kOptions);
  *engine.Add({Tokens(3)}, 17);
  engine.Finish(8, 30);
  EXPECT_EQ(engine.scheduler().stats().num_preemptions, 0);
}

// The removed twin leaves the tail to the tree; there is no block for a copy.
TEST(SchedulerTest, ATailLeftByATwinIsTakenBackInAFullPool) {
  SimulatedEngine engine(2, kOptions);
  const SequenceId id = *engine.Add({Tokens(6)}, 2);
  engine.Compute(64);
  engine.Commit();
  engine.Remove(engine.Fork(id));
  engine.Draw(id);
  EXPECT_EQ(engine.Step(0).size(), 1);
  engine.Finish(0, 5);
}

TEST(SchedulerTest, TellsHowFarEachIs) {
  SimulatedEngine engine(50, {.max_running = 1, .max_context = 200});
  const SequenceId first = *engine.Add({Tokens(10)}, 5);
  const SequenceId second = *engine.Add({Tokens(10, 100)}, 5);
  engine.Advance(absl::Seconds(3));
  engine.Step(6);
  const SequenceProgress progress = engine.scheduler().progress(first);
  EXPECT_EQ(progress.num_tokens, 10);
  EXPECT_EQ(progress.num_computed, 6);
  EXPECT_EQ(progress.arrived, absl::UnixEpoch());
  EXPECT_EQ(progress.admitted, absl::UnixEpoch() + absl::Seconds(3));
  EXPECT_EQ(engine.scheduler().progress(second).admitted,
            absl::InfiniteFuture());
  EXPECT_EQ(engine.scheduler().num_prompt_tokens_left(), 14);
}

TEST(SchedulerTest, OptionsHaveLimits) {
  for (const SchedulerOptions& options :
       {SchedulerOptions{}, SchedulerOptions{.max_queued = 0, .max_context = 1},
        SchedulerOptions{.max_running = 0, .max_context = 1},
        SchedulerOptions{.max_pass_tokens = 0, .max_context = 1},
        SchedulerOptions{.max_context = 1, .aging = absl::ZeroDuration()},
        SchedulerOptions{.max_context = 1,
        .aging = absl::InfiniteDuration()}}) {
    EXPECT_EQ(options.Validate().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(kOptions.Validate().ok());
}

TEST(SchedulerDeathTest, MisuseEndsTheProcess) {
  SimulatedEngine engine(1, kOptions);
  const SequenceId id = *engine.Add({Tokens(4)}, 0);
  Scheduler& scheduler = engine.scheduler();
  EXPECT_DEATH(scheduler.Append(id, 1), "4 tokens not computed");
  EXPECT_DEATH(scheduler.Fork(id), "does not run");
  EXPECT_DEATH(scheduler.Remove(id + 1), "no sequence");
  engine.Compute(4);
  scheduler.Commit();
  EXPECT_DEATH(scheduler.Append(id, 1), "is at its end");
}

}  // namespace
}  // namespace tessera::scheduling
