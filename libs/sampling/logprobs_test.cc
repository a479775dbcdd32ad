#include "libs/sampling/logprobs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "gtest/gtest.h"

namespace tessera::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(LogprobsTest, AgreeWithALogSoftmaxInDouble) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 0.1f + random() % 8);
    std::vector<float> logits(2 + random() % 5000);
    for (float& x : logits) x = random() % 9 ? normal(random) : 1;
    const float max = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const float x : logits) sum += std::exp(static_cast<double>(x) - max);
    std::vector<int32_t> order(logits.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return logits[a] > logits[b];
    });
    const int32_t chosen = random() % logits.size();
    const auto exact = [&](int32_t t) {
      return static_cast<double>(logits[t]) - max - std::log(sum);
    };
    SamplingScratch scratch;
    const auto got = ComputeLogprobs(logits, chosen, 20, &scratch);
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->chosen.token, chosen);
    EXPECT_NEAR(got->chosen.logprob, exact(chosen),
                1e-6 * std::max(1.0, -exact(chosen)));
    ASSERT_EQ(got->top.size(), std::min<size_t>(20, logits.size()));
    for (size_t i = 0; i < got->top.size(); ++i) {
      EXPECT_EQ(got->top[i].token, order[i]);
      EXPECT_NEAR(got->top[i].logprob, exact(order[i]),
                  1e-6 * std::max(1.0, -exact(order[i])));
    }
    const auto reference =
        ComputeLogprobs(logits, chosen, 1, &scratch, kReferenceKernels);
    EXPECT_EQ(got->chosen.logprob, reference->chosen.logprob);
    EXPECT_EQ(got->top[0].logprob, reference->top[0].logprob);
  }
}

TEST(LogprobsTest, LogitsThatAreNotNumbers) {
  SamplingScratch scratch;
  const float nan = std::nanf("");
  auto got = ComputeLogprobs({nan, 1, -kInfinity, 1}, 0, 4, &scratch);
  EXPECT_EQ(got->chosen.logprob, -kInfinity);
  ASSERT_EQ(got->top.size(), 2);
  EXPECT_NEAR(got->top[1].logprob, -std::log(2), 1e-6);
  got = ComputeLogprobs({nan, kInfinity, 3}, 1, 0, &scratch);
  EXPECT_EQ(got->chosen.logprob, 0);
  EXPECT_EQ(ComputeLogprobs({nan, -kInfinity}, 0, 0, &scratch).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(ArgmaxTest, TakesTheLowestOfEqualsAndSkipsNaN) {
  EXPECT_EQ(*Argmax({std::nanf(""), 0, 2, 2}), 2);
  EXPECT_FALSE(Argmax({std::nanf("")}).ok());
}

}  // namespace
}  // namespace tessera::sampling
