// Draws follow the documented distribution: chi-square against Probabilities,
// which sampler_test compares with a naive model. Seeds are fixed: a test that
// passes once passes always.
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/sampling/sampler.h"

namespace tessera::sampling {
namespace {

constexpr int kDraws = 100000;

struct Setting {
  std::string name;
  SamplingParameters parameters;
  int vocab_size = 100;
  float deviation = 2;
};

std::vector<float> LogitsFor(const Setting& setting) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal(0, setting.deviation);
  std::vector<float> logits(setting.vocab_size);
  for (float& x : logits) x = normal(random);
  return logits;
}

// Chi-square in units of its standard deviations from its mean; tokens expected
// fewer than 10 times share a bin. NaN if a token of probability 0 was drawn.
double Deviation(const std::vector<float>& probabilities,
                 const std::vector<int>& counts) {
  double chi = 0, rest_expected = 0, rest_count = 0;
  int bins = 0;
  for (size_t t = 0; t < counts.size(); ++t) {
    if (probabilities[t] == 0 && counts[t] > 0) return std::nan("");
    const double expected = probabilities[t] * kDraws;
    if (expected < 10) {
      rest_expected += expected;
      rest_count += counts[t];
      continue;
    }
    chi += (counts[t] - expected) * (counts[t] - expected) / expected;
    ++bins;
  }
  if (rest_expected >= 10) {
    chi += (rest_count - rest_expected) * (rest_count - rest_expected) /
           rest_expected;
    ++bins;
  }
  return (chi - (bins - 1)) / std::sqrt(2.0 * std::max(bins - 1, 1));
}

class DistributionTest : public testing::TestWithParam<Setting> {};

TEST_P(DistributionTest, DrawsPassChiSquare) {
  const Setting& setting = GetParam();
  const std::vector<float> logits = LogitsFor(setting);
  auto sampler = Sampler::Create(setting.parameters, setting.vocab_size,
                                 std::vector<int32_t>{3, 4, 4});
  ASSERT_TRUE(sampler.ok()) << sampler.status();
  for (const int32_t token : {5, 6, 6}) sampler->Append(token);
  SamplingScratch scratch;
  std::vector<float> probabilities(setting.vocab_size);
  ASSERT_TRUE(
      sampler->Probabilities(logits, &scratch, absl::MakeSpan(probabilities))
          .ok());
  std::vector<int> counts(setting.vocab_size, 0);
  for (int64_t position = 0; position < kDraws; ++position) {
    ++counts[*sampler->Sample(logits, position, &scratch)];
  }
  // Chance of either end for a true sampler: below 1e-4.
  const double deviation = Deviation(probabilities, counts);
  EXPECT_LT(deviation, 5);
  EXPECT_GT(deviation, -4);
}

INSTANTIATE_TEST_SUITE_P(
    Processors, DistributionTest,
    testing::Values(Setting{"plain", {.seed = 1}},
                    Setting{"cold", {.temperature = 0.5f}},
                    Setting{"hot", {.temperature = 2, .seed = 1}},
                    Setting{"top_k", {.top_k = 7, .seed = 2}},
                    Setting{"top_p", {.top_p = 0.8f, .seed = 3}},
                    Setting{"min_p", {.min_p = 0.05f, .seed = 4}},
                    Setting{"all_filters",
                            {.temperature = 1.3f,
                             .top_p = 0.9f,
                             .min_p = 0.01f,
                             .top_k = 30,
                             .seed = 5}},
                    Setting{"penalties",
                            {.repetition_penalty = 1.4f,
                             .frequency_penalty = 0.7f,
                             .presence_penalty = -0.5f,
                             .logit_bias = {{7, 3}, {8, -4}},
                             .seed = 6}},
                    Setting{"one_of_two", {.seed = 7}, 8, 0.2f},
                    Setting{"large_flat", {.seed = 8}, 3000, 0.5f},
                    Setting{"large_peaked", {.seed = 9}, 3000, 4}),
    [](const auto& info) { return info.param.name; });

// One seed's draws at neighbouring positions are independent: pairs pass
// chi-square against the product distribution.
TEST(DistributionTest, NeighbouringPositionsAreIndependent) {
  const std::vector<float> logits = {0, 0.5f, 1, 0.2f};
  const auto sampler = Sampler::Create({.seed = 12}, 4);
  SamplingScratch scratch;
  std::vector<float> p(4), pairs(16);
  ASSERT_TRUE(sampler->Probabilities(logits, &scratch, absl::MakeSpan(p)).ok());
  for (int i = 0; i < 16; ++i) pairs[i] = p[i / 4] * p[i % 4];
  std::vector<int> counts(16, 0);
  for (int64_t i = 0; i < kDraws; ++i) {
    const int32_t first = *sampler->Sample(logits, 2 * i, &scratch);
    ++counts[first * 4 + *sampler->Sample(logits, 2 * i + 1, &scratch)];
  }
  EXPECT_LT(Deviation(pairs, counts), 5);
}

}  // namespace
}  // namespace tessera::sampling
