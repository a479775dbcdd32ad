// The invariant on the default model: see synthetic_invariance_test.cc.

#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/model/load_model.h"
#include "tests/equivalence/expected_logits.h"
#include "tests/equivalence/playback.h"

namespace tessera::equivalence {
namespace {

constexpr int64_t kMaxBatchTokens = 128;

std::unique_ptr<model::Model> LoadDefaultModel(int num_threads,
                                               attention::KvDType kv_dtype) {
  const auto checkpoint = OpenCheckpoint(std::getenv("TESSERA_DEFAULT_MODEL"));
  EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
  auto model =
      model::LoadModel(**checkpoint, {.team = {.num_threads = num_threads},
                                      .kv_dtype = kv_dtype,
                                      .max_batch_tokens = kMaxBatchTokens});
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

class DefaultModelInvarianceTest
    : public testing::TestWithParam<attention::KvDType> {};

TEST_P(DefaultModelInvarianceTest, BatchesCutsAndThreadsDoNotChangeABit) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::vector<std::vector<int32_t>> texts;
  std::unique_ptr<ExpectedLogits> expected;
  for (int num_threads = 1; num_threads <= 4; ++num_threads) {
    const std::unique_ptr<model::Model> model =
        LoadDefaultModel(num_threads, GetParam());
    if (num_threads == 1) {
      // The first crosses from one chunk of attention's keys (256) to another.
      texts = RandomTexts({{270, 0}, {40, 33}, {70, 64}},
                          model->config().vocab_size, seed);
      expected = std::make_unique<ExpectedLogits>(texts);
    }
    Playback playback(*model, texts);
    if (num_threads == 1) {
      playback.OneByOne([&](size_t text, int64_t position, auto logits) {
        expected->Remember(text, position, logits);
      });
    }
    expected->ClearCounts();
    playback.Shuffled(seed + num_threads,
                      [&](size_t text, int64_t position, auto logits) {
                        expected->Compare(text, position, logits);
                      });
    EXPECT_EQ(expected->num_different(), 0)
        << "of " << expected->num_compared() << " tokens, with " << num_threads
        << " threads; " << expected->first_difference();
    EXPECT_GT(expected->num_compared(), 50);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Caches, DefaultModelInvarianceTest,
    testing::Values(attention::KvDType::kBF16, attention::KvDType::kI8),
    [](const testing::TestParamInfo<attention::KvDType>& info) {
      return std::string(attention::KvDTypeName(info.param));
    });

}  // namespace
}  // namespace tessera::equivalence
