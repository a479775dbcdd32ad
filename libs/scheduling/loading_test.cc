// What a sequence does with blocks that are brought from elsewhere.
#include "libs/scheduling/loading.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/scheduling/scheduler.h"
#include "libs/scheduling/simulated_engine.h"

namespace tessera::scheduling {
namespace {

constexpr SchedulerOptions kOptions = {.max_pass_tokens = 64,
                                       .max_context = 500};
constexpr int kBlockTokens = SimulatedEngine::kBlockTokens;

SequenceSpec Spec(int num_tokens, const std::string& salt = "",
                  int num_public = 0) {
  SequenceSpec spec;
  for (int i = 0; i < num_tokens; ++i) spec.tokens.push_back(i);
  spec.cache_salt = salt;
  spec.num_public_tokens = num_public;
  return spec;
}

TEST(LoadingTest, BlocksThatCameAreFoundAndTheRestIsComputed) {
  SimulatedEngine engine(100, kOptions);
  const SequenceId id = *engine.Add(Spec(41), 1);
  ASSERT_TRUE(engine.BeginLoad(id, 8));
  EXPECT_TRUE(engine.Step(64).empty());
  engine.FillSome(id, 3);
  engine.FillSome(id, 2);
  EXPECT_TRUE(engine.Step(64).empty());
  EXPECT_EQ(engine.scheduler().stats().num_blocks_in_use, 8);
  engine.EndLoad(id);
  engine.Step(64);
  EXPECT_EQ(engine.scheduler().progress(id).num_cached, 5 * kBlockTokens);
  EXPECT_EQ(engine.num_computed(), 41 - 5 * kBlockTokens);
}

TEST(LoadingTest, GoesOnFromWhatTheTreeHas) {
  SimulatedEngine engine(100, kOptions);
  *engine.Add(Spec(9), 0);
  engine.Finish(64, 5);
  const SequenceId id = *engine.Add(Spec(41), 1);
  ASSERT_TRUE(engine.BeginLoad(id, 100));
  engine.FillSome(id, 100);
  engine.EndLoad(id);
  engine.Step(64);
  EXPECT_EQ(engine.scheduler().progress(id).num_cached, 40);
  EXPECT_EQ(engine.num_computed(), 9 + 1);
}

TEST(LoadingTest, WhatComesAheadOfARunningSequenceIsTaken) {
  SimulatedEngine engine(100, kOptions);
  const SequenceId id = *engine.Add(Spec(41), 1);
  ASSERT_TRUE(engine.BeginLoad(id, 10));
  engine.scheduler().Unhold(id);
  engine.Step(kBlockTokens);
  engine.FillSome(id, 6);
  engine.Step(1);
  EXPECT_EQ(engine.scheduler().progress(id).num_cached, 5 * kBlockTokens);
  EXPECT_EQ(engine.num_computed(), kBlockTokens + 1);
  engine.EndLoad(id);
  engine.Finish(64, 5);
}

TEST(LoadingTest, PublicBlocksAreFoundUnderEverySaltAndOwnOnesUnderTheirs) {
  SimulatedEngine engine(100, kOptions);
  const SequenceId red = *engine.Add(Spec(41, "red", 16), 0);
  ASSERT_TRUE(engine.BeginLoad(red, 10));
  engine.FillSome(red, 10);
  engine.EndLoad(red);
  engine.Step(64);
  for (const auto& [salt, num_cached] :
       {std::pair("blue", 16), std::pair("red", 40)}) {
    const SequenceId id = *engine.Add(Spec(41, salt, 16), 1);
    engine.Step(64);
    EXPECT_EQ(engine.scheduler().progress(id).num_cached, num_cached) << salt;
  }
}

TEST(LoadingTest, ARemovedSequencesBlocksAreFreeAgain) {
  SimulatedEngine engine(20, kOptions);
  const SequenceId id = *engine.Add(Spec(41), 1);
  ASSERT_TRUE(engine.BeginLoad(id, 10));
  engine.FillSome(id, 2);
  EXPECT_EQ(engine.pool().num_free(), 10);
  engine.Remove(id);
  EXPECT_EQ(engine.pool().num_free(), 18);
  EXPECT_EQ(engine.scheduler().stats().num_blocks_cached, 2);
}

TEST(LoadingTest, EvictsWhatNobodyHoldsButNotWhatItGoesOnFrom) {
  SimulatedEngine engine(12, kOptions);
  *engine.Add(Spec(13), 0);
  engine.Finish(64, 5);
  SequenceSpec other = Spec(32, "other");
  *engine.Add(other, 0);
  engine.Finish(64, 5);
  ASSERT_EQ(engine.pool().num_free(), 0);
  const SequenceId id = *engine.Add(Spec(41), 1);
  ASSERT_TRUE(engine.BeginLoad(id, 10));
  engine.FillSome(id, 10);
  engine.EndLoad(id);
  engine.Step(64);
  EXPECT_EQ(engine.scheduler().progress(id).num_cached, 40);
}

}  // namespace
}  // namespace tessera::scheduling
