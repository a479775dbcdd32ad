// What requests with a common beginning compute, and what they don't.
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/scheduling/scheduler.h"
#include "libs/scheduling/simulated_engine.h"

namespace tessera::scheduling {
namespace {

constexpr SchedulerOptions kOptions = {.max_pass_tokens = 64,
                                       .max_context = 500};

std::vector<int32_t> Tokens(int num_tokens) {
  std::vector<int32_t> tokens(num_tokens);
  for (int i = 0; i < num_tokens; ++i) tokens[i] = i;
  return tokens;
}

std::vector<int32_t> Concat(std::vector<int32_t> a,
                            const std::vector<int32_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(SharingTest, AnEqualPromptComputesItsLastTokenOnly) {
  for (const int num_tokens : {39, 40, 41}) {
    SimulatedEngine engine(100, kOptions);
    *engine.Add({Tokens(num_tokens)}, 0);
    engine.Finish(64, 5);
    const SequenceId second = *engine.Add({Tokens(num_tokens)}, 1);
    engine.Step(64);
    EXPECT_EQ(engine.num_computed(), num_tokens + 1);
    EXPECT_EQ(engine.scheduler().progress(second).num_cached, num_tokens - 1);
    EXPECT_EQ(engine.scheduler().stats().num_queried_tokens, 2 * num_tokens);
    EXPECT_EQ(engine.scheduler().stats().num_hit_tokens, num_tokens - 1);
  }
}

// The end of the first turn is inside a block.
TEST(SharingTest, TheNextTurnReusesPromptAndAnswer) {
  SimulatedEngine engine(100, kOptions);
  const SequenceId id = *engine.Add({Tokens(21)}, 9);
  std::vector<int32_t> turn;
  while (!engine.sequences().empty()) {
    turn = engine.sequences().at(id).tokens;
    engine.Step(64);
  }
  EXPECT_EQ(turn.size(), 30);
  const int64_t num_computed = engine.num_computed();
  const SequenceId next = *engine.Add({Concat(turn, {9, 8, 7, 6, 5})}, 1);
  engine.Step(64);
  EXPECT_EQ(engine.scheduler().progress(next).num_cached, 30);
  EXPECT_EQ(engine.num_computed() - num_computed, 5);
}

TEST(SharingTest, AMatchThatEndsInsideABlockCopiesItsHead) {
  SimulatedEngine engine(100, kOptions);
  *engine.Add({Concat(Tokens(38), {1, 1, 1, 1})}, 40);
  engine.Step(64);  // runs on
  const SequenceId second = *engine.Add({Concat(Tokens(38), {2, 2})}, 1);
  engine.Step(64);
  EXPECT_EQ(engine.scheduler().progress(second).num_cached, 38);
}

TEST(SharingTest, EqualPromptsThatArriveTogetherAreComputedOnce) {
  for (const int budget : {16, 23, 64}) {
    SimulatedEngine engine(500, kOptions);
    for (int i = 0; i < 16; ++i) *engine.Add({Tokens(160)}, 0);
    engine.Finish(budget, 100);
    // Each follower computes its last token.
    EXPECT_EQ(engine.num_computed(), 160 + 15) << budget;
  }
}

TEST(SharingTest, ACommonStemOfPromptsThatArriveTogetherIsComputedOnce) {
  SimulatedEngine engine(500, kOptions);
  for (int i = 0; i < 16; ++i) {
    *engine.Add({Concat(Tokens(102), {1000 + i, 1, 2, 3, 4})}, 0);
  }
  engine.Finish(32, 100);
  EXPECT_EQ(engine.num_computed(), 102 + 16 * 5);
}

TEST(SharingTest, ALaterSequenceOfHigherPriorityFollowsWhoeverIsFurther) {
  SimulatedEngine engine(500, kOptions);
  *engine.Add({Tokens(160)}, 0);
  engine.Step(30);  // into a block
  SequenceSpec spec = {Tokens(160)};
  spec.priority = -1;
  *engine.Add(spec, 0);
  engine.Finish(30, 20);
  EXPECT_EQ(engine.num_computed(), 160 + 1);
}

TEST(SharingTest, FollowersGoOnWhenTheirLeaderIsRemoved) {
  SimulatedEngine engine(500, kOptions);
  const SequenceId leader = *engine.Add({Tokens(160)}, 0);
  for (int i = 0; i < 3; ++i) *engine.Add({Tokens(160)}, 0);
  engine.Step(30);
  engine.Remove(leader);
  engine.Finish(30, 20);
  EXPECT_EQ(engine.num_computed(), 160 + 2);
}

TEST(SharingTest, FollowersGoOnWhenTheirLeaderTurnsElsewhere) {
  SimulatedEngine engine(500, kOptions);
  *engine.Add({Concat(Tokens(40), std::vector<int32_t>(100, 1))}, 0);
  *engine.Add({Concat(Tokens(40), std::vector<int32_t>(100, 2))}, 0);
  engine.Finish(64, 20);
  EXPECT_EQ(engine.num_computed(), 40 + 2 * 100);
}

// Eight turns each, all at once, below four system prompts. A block that begins
// alike and goes on otherwise may be computed by two before one has all of it.
TEST(SharingTest, ConversationsComputeNextToNothingTwice) {
  SimulatedEngine engine(6000, kOptions);
  std::vector<std::vector<int32_t>> turns;
  for (int i = 0; i < 64; ++i) {
    turns.push_back(Concat({i % 4}, Tokens(57)));
  }
  for (int turn = 0; turn < 8; ++turn) {
    std::map<SequenceId, int> conversations;
    for (int i = 0; i < 64; ++i) {
      std::vector<int32_t> question(11 + i % 5, 1000 + i);
      turns[i] = Concat(turns[i], question);
      conversations[*engine.Add({turns[i]}, 13)] = i;
    }
    while (!engine.sequences().empty()) {
      for (const auto& [id, sequence] : engine.sequences()) {
        turns[conversations[id]] = sequence.tokens;
      }
      engine.Step(64);
      ASSERT_FALSE(HasFailure());
    }
  }
  int64_t num_least = 4 * 58;
  for (const auto& tokens : turns) num_least += tokens.size() - 58;
  EXPECT_GE(engine.num_computed(), num_least);
  EXPECT_LE(engine.num_computed(), num_least + num_least / 1000);
}

TEST(SharingTest, AnotherSaltSharesNothing) {
  SimulatedEngine engine(500, kOptions);
  for (const std::string salt : {"", "a", "b", "a"}) {
    SequenceSpec spec = {Tokens(41)};
    spec.cache_salt = salt;
    *engine.Add(spec, 0);
  }
  engine.Finish(64, 10);
  EXPECT_EQ(engine.num_computed(), 3 * 41 + 1);
}

SequenceSpec SaltedSpec(int num_tokens, int64_t num_public,
                        const std::string& salt) {
  SequenceSpec spec = {Tokens(num_tokens)};
  spec.cache_salt = salt;
  spec.num_public_tokens = num_public;
  return spec;
}

TEST(SharingTest, AnotherSaltHitsThePublicBlocksAndMissesWhatIsBehind) {
  SimulatedEngine engine(500, kOptions);
  // Of 18 public tokens, 16 are whole blocks.
  const auto num_cached = [&](const std::string& salt) {
    const SequenceId id = *engine.Add(SaltedSpec(41, 18, salt), 1);
    engine.Step(64);
    const int64_t num = engine.scheduler().progress(id).num_cached;
    engine.Finish(64, 5);
    return num;
  };
  EXPECT_EQ(num_cached("a"), 0);
  EXPECT_EQ(num_cached("b"), 16);
  EXPECT_EQ(num_cached(""), 16);
  EXPECT_EQ(num_cached("b"), 40);
  EXPECT_EQ(num_cached("a"), 40);
}

TEST(SharingTest, NobodyTellsOneSaltsBlocksFromNone) {
  for (const bool is_used : {false, true}) {
    SimulatedEngine engine(500, kOptions);
    *engine.Add(SaltedSpec(20, 18, "first"), 0);  // the public blocks are there
    engine.Finish(64, 5);
    if (is_used) *engine.Add(SaltedSpec(41, 18, "a"), 0);
    engine.Finish(64, 5);
    const int64_t num_computed = engine.num_computed();
    const SequenceId id = *engine.Add(SaltedSpec(41, 18, "b"), 1);
    engine.Step(64);
    EXPECT_EQ(engine.scheduler().progress(id).num_cached, 16);
    EXPECT_EQ(engine.num_computed() - num_computed, 41 - 16);
  }
}

TEST(SharingTest, APromptThatEndsInsideThePublicPartIsSharedAsFar) {
  SimulatedEngine engine(500, kOptions);
  *engine.Add(SaltedSpec(11, 11, "a"), 0);
  engine.Finish(64, 5);
  const SequenceId id = *engine.Add(SaltedSpec(41, 32, "b"), 1);
  engine.Step(64);
  EXPECT_EQ(engine.scheduler().progress(id).num_cached, 8);
}

TEST(SharingTest, PublicBlocksOfSaltsThatArriveTogetherAreComputedOnce) {
  for (const int budget : {16, 23, 64}) {
    SimulatedEngine engine(500, kOptions);
    *engine.Add(SaltedSpec(161, 100, ""), 0);
    // A pass has a half for the shortest, which follows while that is public.
    *engine.Add(SaltedSpec(141, 100, "a"), 0);
    *engine.Add(SaltedSpec(121, 100, "b"), 0);
    *engine.Add(SaltedSpec(141, 100, "a"), 0);
    engine.Finish(budget, 100);
    EXPECT_EQ(engine.num_computed(), 100 + 61 + 41 + 21 + 1) << budget;
  }
}

TEST(SharingTest, AWholePromptIsComputedWhateverIsCached) {
  SimulatedEngine engine(500, kOptions);
  SequenceSpec spec = {Tokens(41)};
  *engine.Add(spec, 0);
  engine.Finish(64, 10);
  spec.computes_whole_prompt = true;
  *engine.Add(spec, 0);
  engine.Finish(10, 10);
  EXPECT_EQ(engine.num_computed(), 2 * 41);
  EXPECT_EQ(engine.scheduler().stats().num_queried_tokens, 41);
  // Its blocks are the first one's again.
  EXPECT_EQ(engine.scheduler().stats().num_blocks_cached, 11);
}

TEST(SharingTest, NothingIsSharedWithoutPrefixCaching) {
  SchedulerOptions options = kOptions;
  options.prefix_caching = false;
  SimulatedEngine engine(500, options);
  for (int i = 0; i < 3; ++i) *engine.Add({Tokens(41)}, 2);
  engine.Finish(64, 20);
  EXPECT_EQ(engine.num_computed(), 3 * 43);
  EXPECT_EQ(engine.pool().num_free(), 500);
  EXPECT_EQ(engine.scheduler().stats().num_queried_tokens, 0);
}

TEST(SharingTest, ClearingTheCacheFreesWhatNoSequenceHolds) {
  SimulatedEngine engine(500, kOptions);
  *engine.Add({Tokens(41)}, 0);
  engine.Finish(64, 10);
  *engine.Add({Tokens(17)}, 10);
  engine.Step(64);
  EXPECT_EQ(engine.scheduler().stats().num_blocks_in_use, 5);
  engine.scheduler().ClearCache();
  EXPECT_EQ(engine.scheduler().stats().num_blocks_cached, 0);
  EXPECT_EQ(engine.pool().num_free(), 495);
  engine.Finish(64, 20);
}

TEST(SharingTest, OldBlocksMakeWayForNewOnes) {
  SimulatedEngine engine(20, kOptions);
  for (int i = 0; i < 10; ++i) {
    *engine.Add({Concat({1000 + i}, Tokens(40))}, 2);
    engine.Finish(64, 10);
  }
  EXPECT_EQ(engine.scheduler().stats().num_preemptions, 0);
  const int64_t num_computed = engine.num_computed();
  *engine.Add({Concat({1009}, Tokens(40))}, 0);
  engine.Finish(64, 10);
  EXPECT_EQ(engine.num_computed() - num_computed, 1);
}

}  // namespace
}  // namespace tessera::scheduling
