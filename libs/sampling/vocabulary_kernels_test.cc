#include "libs/sampling/vocabulary_kernels.h"

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

class KernelsTest : public testing::TestWithParam<size_t> {
 protected:
  void SetUp() override {
    if (&kernels_ == &kReferenceKernels) GTEST_SKIP() << "no faster kernels";
  }
  const VocabularyKernels& kernels_ = BestKernels();
};

TEST_P(KernelsTest, PassesAgreeWithTheReference) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const Case c = RandomCase(&random, GetParam());
    const size_t n = c.values.size();
    EXPECT_EQ(kernels_.max(c.values.data(), n), c.logits.max);
    for (const float wanted : {c.logits.max, c.values[0], 1e30f}) {
      EXPECT_EQ(kernels_.find(c.values.data(), n, wanted),
                kReferenceKernels.find(c.values.data(), n, wanted));
    }
    for (const float floor : {-kInfinity, -30.0f, -3.0f, -0.5f, 0.0f}) {
      EXPECT_EQ(kernels_.sum_weights(c.logits, floor),
                kReferenceKernels.sum_weights(c.logits, floor));
      std::vector<int32_t> got(n), want(n);
      got.resize(kernels_.collect(c.logits, floor, got.data()));
      want.resize(kReferenceKernels.collect(c.logits, floor, want.data()));
      EXPECT_EQ(got, want);
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
      const DrawRange range{.begin = n > 100 ? size_t{64} : size_t{0},
                            .end = n,
                            .floor = seed % 2 ? -kInfinity : -2.0f,
                            .best = best,
                            .key = {static_cast<uint32_t>(random()), 5},
                            .position = {static_cast<uint32_t>(random()), 7}};
      std::vector<int32_t> tokens(n), want_tokens(n);
      std::vector<uint32_t> words(n), want_words(n);
      const size_t count =
          kernels_.draw(c.logits, range, tokens.data(), words.data());
      const size_t want = kReferenceKernels.draw(
          c.logits, range, want_tokens.data(), want_words.data());
      // Not in the same order.
      ASSERT_EQ(count, want);
      std::vector<uint32_t> by_token(n, 0), want_by_token(n, 0);
      for (size_t i = 0; i < count; ++i) by_token[tokens[i]] = words[i];
      for (size_t i = 0; i < want; ++i) {
        want_by_token[want_tokens[i]] = want_words[i];
      }
      EXPECT_EQ(by_token, want_by_token);
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
    std::vector<uint32_t> words(4000);
    tokens.resize(
        kReferenceKernels.draw(c.logits, range, tokens.data(), words.data()));
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
