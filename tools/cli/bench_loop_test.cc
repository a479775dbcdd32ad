#include "tools/cli/bench_loop.h"

#include "gtest/gtest.h"
#include "tools/cli/fake_sequence_model.h"

namespace tessera::cli {
namespace {

constexpr auto kNothing = [] {};

FakeSequenceModel MakeModel() {
  return FakeSequenceModel(10, 100, [](const FakeSequenceModel::Tokens&) {
    return std::vector<float>(10);
  });
}

TEST(BenchLoopTest, WarmsUpAndComputesTheDepthOnce) {
  FakeSequenceModel model = MakeModel();
  int64_t num_before_warm = 0;
  const auto result =
      RunBenchTest({.num_prompt = 70, .depth = 20}, 3, &model,
                   [&] { num_before_warm = model.num_extended(); });
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->samples_ns.size(), 3u);
  EXPECT_EQ(num_before_warm, 20 + 70);
  EXPECT_EQ(model.num_extended(), 20 + 4 * 70);
  EXPECT_EQ(model.tokens().size(), 90u);
}

TEST(BenchLoopTest, GeneratesOneByOne) {
  FakeSequenceModel model = MakeModel();
  const auto result = RunBenchTest({.num_generated = 80}, 2, &model, kNothing);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(model.num_extended(), 3 * 80);
  EXPECT_EQ(result->num_generated, 80);
}

TEST(BenchLoopTest, AShortTestWarmsUpForManyTokens) {
  FakeSequenceModel model = MakeModel();
  int64_t num_before_warm = 0;
  ASSERT_TRUE(RunBenchTest({.num_prompt = 1}, 2, &model, [&] {
                num_before_warm = model.num_extended();
              }).ok());
  EXPECT_EQ(num_before_warm, 64);
  EXPECT_EQ(model.num_extended(), 64 + 2);
}

TEST(BenchLoopTest, AllLogitsAreAskedForOnlyWhereWanted) {
  FakeSequenceModel model = MakeModel();
  ASSERT_TRUE(RunBenchTest({.num_prompt = 64}, 2, &model, kNothing).ok());
  EXPECT_EQ(model.num_scored_calls(), 0);
  ASSERT_TRUE(
      RunBenchTest({.num_prompt = 64, .all_logits = true}, 2, &model, kNothing)
          .ok());
  EXPECT_EQ(model.num_scored_calls(), 3);
}

TEST(BenchLoopTest, RefusesWhatDoesNotFit) {
  FakeSequenceModel model = MakeModel();
  EXPECT_EQ(RunBenchTest({.num_prompt = 81, .depth = 20}, 1, &model, kNothing)
                .status()
                .message(),
            "81 tokens after 20 do not fit the context of 100");
}

}  // namespace
}  // namespace tessera::cli
