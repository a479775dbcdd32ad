#include "libs/sampling/vocabulary_kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "libs/sampling/gumbel.h"

namespace tessera::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Case {
  std::vector<float> values;
  Logits logits;
};

// Normal logits, some tied, some NaN and -inf.
Case RandomCase(std::mt19937* random, size_t size) {
  Case c;
  const float deviation = std::uniform_real_distribution<float>(0, 8)(*random);
  std::normal_distribution<float> normal(0, deviation + 0.01f);
  for (size_t i = 0; i < size; ++i) {
    const uint32_t kind = (*random)() % 50;
    float x = normal(*random);
    if (kind == 0) x = std::numeric_limits<float>::quiet_NaN();
    if (kind == 1) x = -kInfinity;
    if (kind >= 2 && kind < 10) x = std::round(x);
    c.values.push_back(x);
  }
  c.values[size / 2] = 1;
  const float scale = std::uniform_real_distribution<float>(0.3, 3)(*random);
  c.logits = {c.values.data(), size,
              kReferenceKernels.max(c.values.data(), size), scale};
  return c;
}

std::vector<const VocabularyKernels*> Supported() {
  const KernelList list = SupportedKernels();
  return {list.kernels, list.kernels + list.size};
}

class KernelsTest : public testing::TestWithParam<size_t> {};

TEST_P(KernelsTest, PassesAgreeWithTheReference) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const Case c = RandomCase(&random, GetParam());
    const size_t n = c.values.size();
    for (const VocabularyKernels* kernels : Supported()) {
      SCOPED_TRACE(kernels->name);
      EXPECT_EQ(kernels->max(c.values.data(), n), c.logits.max);
      for (const float wanted : {c.logits.max, c.values[0], 1e30f}) {
        EXPECT_EQ(kernels->find(c.values.data(), n, wanted),
                  kReferenceKernels.find(c.values.data(), n, wanted));
      }
      for (const float floor : {-kInfinity, -30.0f, -3.0f, -0.5f, 0.0f}) {
        EXPECT_EQ(kernels->sum_weights(c.logits, floor),
                  kReferenceKernels.sum_weights(c.logits, floor));
        std::vector<int32_t> got(n), want(n);
        got.resize(kernels->collect(c.logits, floor, got.data()));
        want.resize(kReferenceKernels.collect(c.logits, floor, want.data()));
        EXPECT_EQ(got, want);
      }
    }
  }
}

TEST_P(KernelsTest, DrawAgreesWithTheReference) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const Case c = RandomCase(&random, GetParam());
    const size_t n = c.values.size();
    for (const float best : {-4.0f, 1.0f, 6.0f}) {
      const DrawRange range{.begin = n > 200 ? size_t{128} : size_t{0},
                            .end = n,
                            .floor = seed % 2 ? -kInfinity : -2.0f,
                            .best = best,
                            .key = {static_cast<uint32_t>(random()), 5},
                            .position = {static_cast<uint32_t>(random()), 7}};
      std::vector<int32_t> want(n);
      want.resize(kReferenceKernels.draw(c.logits, range, want.data()));
      for (const VocabularyKernels* kernels : Supported()) {
        SCOPED_TRACE(kernels->name);
        std::vector<int32_t> got(n);
        got.resize(kernels->draw(c.logits, range, got.data()));
        std::sort(got.begin(), got.end());
        EXPECT_EQ(got, want);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OddSizes, KernelsTest,
                         testing::Values(1, 7, 8, 31, 64, 65, 129, 1000, 5003));

TEST(ReferenceKernelsTest, DrawLeavesOutNoTokenThatCouldWin) {
  std::mt19937 random(3);
  const Case c = RandomCase(&random, 4000);
  for (uint32_t position = 0; position < 200; ++position) {
    const float best = static_cast<float>(position % 12) - 4;
    const DrawRange range{.begin = 0,
                          .end = 4000,
                          .floor = -kInfinity,
                          .best = best,
                          .key = {9, 0},
                          .position = {position, 0}};
    std::vector<int32_t> tokens(4000);
    tokens.resize(kReferenceKernels.draw(c.logits, range, tokens.data()));
    const std::vector<int32_t>& kept = tokens;
    size_t next = 0;
    for (int32_t token = 0; token < 4000; ++token) {
      const double y = (c.values[token] - c.logits.max) * c.logits.scale;
      const double score = y + GumbelFromWord(NoiseWord(9, position, token));
      const bool is_kept = next < kept.size() && kept[next] == token;
      if (is_kept) ++next;
      ASSERT_TRUE(is_kept || !(score >= best)) << token << " " << score;
    }
  }
}

TEST(WeightTest, IsTheExponentialInUnitsOf2ToTheMinus40) {
  EXPECT_EQ(Weight(0), uint64_t{1} << 40);
  for (float y = 0; y > -28; y -= 0.0137f) {
    const double exact = std::exp(static_cast<double>(y)) * 0x1p40;
    EXPECT_NEAR(static_cast<double>(Weight(y)), exact, 0.51 + 3e-7 * exact)
        << y;
  }
  EXPECT_EQ(Weight(-28.5f), 0);
  EXPECT_EQ(Weight(-kInfinity), 0);
  EXPECT_EQ(Weight(std::numeric_limits<float>::quiet_NaN()), 0);
}

}  // namespace
}  // namespace tessera::sampling
