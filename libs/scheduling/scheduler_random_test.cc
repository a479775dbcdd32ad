// Random operations over the whole scheduler, in pools from ample to so small
// that nearly every pass preempts; SimulatedEngine checks each step.
#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "libs/scheduling/scheduler.h"
#include "libs/scheduling/simulated_engine.h"

namespace tessera::scheduling {
namespace {

struct Shape {
  const char* name;
  int num_blocks;
  int max_running;
  int max_pass_tokens;
  bool prefix_caching;
};

// The token of a stem at a position.
int32_t StemToken(int stem, int position) {
  return (position * 5 + stem * (position / 6)) % 4;
}

// Two of the stems are public for a while; every sequence must say so alike.
int64_t NumPublicTokens(const std::vector<int32_t>& tokens) {
  int64_t most = 0;
  for (const auto& [stem, length] : {std::pair(0, 9), std::pair(1, 18)}) {
    int64_t num_common = 0;
    while (num_common < length && num_common < tokens.size() &&
           tokens[num_common] == StemToken(stem, num_common)) {
      ++num_common;
    }
    most = std::max(most, num_common);
  }
  return most;
}

class RandomTest : public testing::TestWithParam<Shape> {
 protected:
  SimulatedEngine MakeEngine() {
    const Shape& shape = GetParam();
    return SimulatedEngine(shape.num_blocks,
                           {.max_queued = 8,
                            .max_running = shape.max_running,
                            .max_pass_tokens = shape.max_pass_tokens,
                            .max_context = 60,
                            .aging = absl::Seconds(10),
                            .prefix_caching = shape.prefix_caching});
  }

  // One of a few stems, cut anywhere, and a few tokens of its own.
  SequenceSpec RandomSpec() {
    SequenceSpec spec;
    const int stem = random_() % 3;
    const int num_stem = random_() % 33;
    for (int i = 0; i < num_stem; ++i) {
      spec.tokens.push_back(StemToken(stem, i));
    }
    const int num_own = random_() % 3 == 0 ? 0 : random_() % 8;
    for (int i = 0; i < num_own; ++i) spec.tokens.push_back(random_() % 4);
    spec.priority = static_cast<int>(random_() % 3) - 1;
    if (random_() % 4 == 0) spec.cache_salt = "other";
    spec.num_public_tokens = NumPublicTokens(spec.tokens);
    spec.computes_whole_prompt = random_() % 8 == 0;
    return spec;
  }

  SequenceId AnySequence(const SimulatedEngine& engine) {
    auto it = engine.sequences().begin();
    std::advance(it, random_() % engine.sequences().size());
    return it->first;
  }

  // Adds some, equal ones at once at times.
  void AddSome(SimulatedEngine& engine) {
    const SequenceSpec spec = RandomSpec();
    const int num_equal = random_() % 4 == 0 ? 4 : 1;
    for (int i = 0; i < num_equal; ++i) {
      const int num_waiting = engine.scheduler().stats().num_waiting;
      const auto id = engine.Add(spec, random_() % 20);
      const bool fits =
          !spec.tokens.empty() &&
          spec.tokens.size() <= engine.scheduler().max_sequence_tokens();
      ASSERT_EQ(id.ok(), fits && num_waiting < 8) << id.status();
      if (!fits) {
        ASSERT_EQ(id.status().code(), absl::StatusCode::kInvalidArgument);
      } else if (!id.ok()) {
        ASSERT_EQ(id.status().code(), absl::StatusCode::kResourceExhausted);
      }
    }
  }

  // Begins loads, brings some of their blocks, gives some of them up; at times
  // the sequence is let go of before, and computes while blocks still come.
  void LoadSome(SimulatedEngine& engine) {
    const SequenceId id = AnySequence(engine);
    if (!engine.is_loading(id)) {
      engine.BeginLoad(id, random_() % 8);
      return;
    }
    engine.FillSome(id, random_() % 4);
    const int operation = random_() % 6;
    if (operation == 0) engine.EndLoad(id);
    if (operation == 1) engine.scheduler().Unhold(id);
  }

  // A pass that fails now and then, and forks after it.
  void RunPass(SimulatedEngine& engine) {
    DraftForSome(engine);
    const SimulatedPass pass = engine.Compute(random_() % 24);
    if (random_() % 8 == 0) return;
    engine.Commit();
    for (const SimulatedChunk& chunk : pass) {
      if (!chunk.is_last) continue;
      if (chunk.draft.empty() && random_() % 16 == 0 &&
          engine.sequences().size() < 12) {
        engine.Draw(engine.Fork(chunk.sequence));
      }
      engine.Verify(chunk);
    }
  }

  // For waiting ones and prompts too, which is to have no effect.
  void DraftForSome(SimulatedEngine& engine) {
    for (const auto& [id, sequence] : engine.sequences()) {
      if (random_() % 2 == 0) continue;
      const int num_tokens = random_() % 8;
      engine.Draft(id, num_tokens, random_() % (num_tokens + 1));
    }
  }

  std::mt19937_64 random_;
};

TEST_P(RandomTest, EverySequenceFindsItsOwnTokensAndAllFinish) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  random_.seed(seed);
  for (int round = 0; round < 10; ++round) {
    SimulatedEngine engine = MakeEngine();
    for (int step = 0; step < 1000; ++step) {
      const int operation = random_() % 32;
      if (operation < 8) {
        ASSERT_NO_FATAL_FAILURE(AddSome(engine));
      } else if (operation < 10 && !engine.sequences().empty()) {
        engine.Remove(AnySequence(engine));
      } else if (operation == 10) {
        engine.scheduler().ClearCache();
      } else if (operation < 16 && !engine.sequences().empty() &&
                 GetParam().prefix_caching) {
        LoadSome(engine);
      } else {
        RunPass(engine);
      }
      engine.Advance(absl::Seconds(1));
      engine.CheckInvariants();
      ASSERT_FALSE(HasFailure()) << "round " << round << ", step " << step;
    }
    for (const auto& [id, sequence] : engine.sequences()) {
      if (engine.is_loading(id)) engine.EndLoad(id);
    }
    ASSERT_NO_FATAL_FAILURE(engine.Finish(16, 10000));
    ASSERT_GT(engine.num_accepted(), 0);
    engine.scheduler().ClearCache();
    ASSERT_EQ(engine.pool().num_free(), GetParam().num_blocks);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, RandomTest,
    testing::Values(Shape{"Ample", 400, 8, 32, true},
                    Shape{"Tight", 30, 8, 32, true},
                    Shape{"Tiny", 12, 6, 16, true},
                    Shape{"ForOneAtATime", 7, 4, 16, true},
                    Shape{"SmallPasses", 60, 8, 3, true},
                    Shape{"WithoutCache", 20, 8, 32, false}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tessera::scheduling
