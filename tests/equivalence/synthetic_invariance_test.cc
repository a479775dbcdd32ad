// The invariant, on small models of random weights: a token's logits are the
// same bits whatever shares its batch, however its text was cut into pieces,
// computed or taken from another's blocks, and for any number of threads.

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/equivalence/expected_logits.h"
#include "tests/equivalence/playback.h"
#include "tests/equivalence/synthetic_model.h"

namespace tessera::equivalence {
namespace {

using device::KernelSet;

constexpr int64_t kMaxBatchTokens = 200;

struct Case {
  SyntheticModel synthetic;
  KernelSet kernels;
};

// The reference and the faster sets that this processor has. The reference
// computes every type of weights as floats: one of them says it all.
std::vector<Case> Cases() {
  const device::CpuFeatures& features = device::HostCpuFeatures();
  std::vector<Case> cases;
  for (const SyntheticModel& synthetic : SyntheticModels()) {
    if (synthetic.matrix_type == DType::kQ4_1 ||
        synthetic.matrix_type == DType::kF32) {
      cases.push_back({synthetic, KernelSet::kReference});
    }
    if (features.avx2) cases.push_back({synthetic, KernelSet::kAvx2});
    const KernelSet best = device::BestKernelSet(features);
    if (device::VectorKernels(best) == KernelSet::kAvx512) {
      cases.push_back({synthetic, KernelSet::kAvx512});
    }
    if (best == KernelSet::kAmx) cases.push_back({synthetic, best});
  }
  return cases;
}

class SyntheticInvarianceTest : public testing::TestWithParam<Case> {};

TEST_P(SyntheticInvarianceTest, BatchesCutsAndThreadsDoNotChangeABit) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  // The first crosses two chunks of attention's keys (256).
  const std::vector<std::vector<int32_t>> texts =
      RandomTexts({{530, 0}, {70, 45}, {33, 32}, {1, 0}, {100, 64}, {290, 257}},
                  GetParam().synthetic.config.vocab_size, seed);
  ExpectedLogits expected(texts);
  for (int num_threads = 1; num_threads <= 4; ++num_threads) {
    const std::unique_ptr<model::Model> model =
        Build(GetParam().synthetic,
              {.num_threads = num_threads, .kernels = GetParam().kernels},
              kMaxBatchTokens);
    Playback playback(*model, texts);
    if (num_threads == 1) {
      playback.OneByOne([&](size_t text, int64_t position, auto logits) {
        expected.Remember(text, position, logits);
      });
    }
    for (int shuffle = 0; shuffle < 2; ++shuffle) {
      expected.ClearCounts();
      playback.Shuffled(seed + 10 * num_threads + shuffle,
                        [&](size_t text, int64_t position, auto logits) {
                          expected.Compare(text, position, logits);
                        });
      EXPECT_EQ(expected.num_different(), 0)
          << "of " << expected.num_compared() << " tokens, with " << num_threads
          << " threads; " << expected.first_difference();
      EXPECT_GT(expected.num_compared(), 100);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, SyntheticInvarianceTest,
                         testing::ValuesIn(Cases()),
                         [](const testing::TestParamInfo<Case>& info) {
                           return info.param.synthetic.name + "_" +
                                  std::string(device::KernelSetName(
                                      info.param.kernels));
                         });

}  // namespace
}  // namespace tessera::equivalence
