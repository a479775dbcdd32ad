#include "libs/sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "gtest/gtest.h"
#include "libs/sampling/gumbel.h"

namespace tessera::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The order of sampler.h word by word, slow, in double, over a whole history.
std::vector<double> NaiveProbabilities(const SamplingParameters& p,
                                       const std::vector<float>& logits,
                                       const std::vector<int32_t>& prompt,
                                       const std::vector<int32_t>& generated) {
  std::vector<double> x(logits.begin(), logits.end());
  if (generated.size() < p.min_tokens) {
    for (int32_t t : p.stop_token_ids) x[t] = -kInfinity;
  }
  for (const LogitBias& b : p.logit_bias) x[b.token] += b.bias;
  std::map<int32_t, int> counts;
  for (int32_t t : generated) ++counts[t];
  std::set<int32_t> seen(prompt.begin(), prompt.end());
  seen.insert(generated.begin(), generated.end());
  for (int32_t t : seen) {
    x[t] = x[t] > 0 ? x[t] / p.repetition_penalty : x[t] * p.repetition_penalty;
  }
  for (const auto& [t, count] : counts) {
    x[t] -= p.frequency_penalty * count + p.presence_penalty;
  }
  std::vector<int32_t> order;
  for (int32_t t = 0; t < x.size(); ++t) order.push_back(t);
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return x[a] > x[b]; });
  std::vector<double> result(x.size(), 0);
  if (p.temperature == 0) {
    result[order[0]] = 1;
    return result;
  }
  const double max = x[order[0]];
  const auto weight = [&](int32_t t) {
    return std::exp((x[t] - max) / p.temperature);
  };
  const auto last = std::find_if(order.begin(), order.end(), [&](int32_t t) {
    return weight(t) < p.min_p;
  });
  order.erase(last, order.end());
  if (p.top_k > 0 && p.top_k < order.size()) order.resize(p.top_k);
  double total = 0;
  for (int32_t t : order) total += weight(t);
  double sum = 0;
  size_t kept = 0;
  while (kept < order.size() && sum < p.top_p * total) {
    sum += weight(order[kept++]);
  }
  for (size_t i = 0; i < kept; ++i) result[order[i]] = weight(order[i]) / sum;
  return result;
}

std::vector<float> RandomLogits(std::mt19937* random, int size,
                                float deviation) {
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> logits(size);
  for (float& x : logits) x = normal(*random);
  return logits;
}

std::vector<int32_t> RandomTokens(std::mt19937* random, int count, int size) {
  std::vector<int32_t> tokens(count);
  for (int32_t& t : tokens) t = (*random)() % size;
  return tokens;
}

// Each processor alone, then all at once, on a bit pattern of `which`.
SamplingParameters RandomParameters(std::mt19937* random, uint32_t which,
                                    int size) {
  const auto uniform = [&](float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(*random);
  };
  SamplingParameters p;
  if (which & 1) p.temperature = uniform(0.2f, 3);
  if (which & 2) p.top_p = uniform(0.05f, 0.99f);
  if (which & 4) p.min_p = uniform(0.001f, 0.3f);
  if (which & 8) p.top_k = 1 + (*random)() % (2 * size);
  if (which & 16) p.repetition_penalty = uniform(0.5f, 2);
  if (which & 32) p.frequency_penalty = uniform(-2, 2);
  if (which & 64) p.presence_penalty = uniform(-2, 2);
  if (which & 128) {
    p.logit_bias = {{0, uniform(-9, 9)}, {size - 1, uniform(-9, 9)}};
  }
  if (which & 256) {
    p.min_tokens = 10;
    p.stop_token_ids = {1, 2};
  }
  p.seed = (*random)();
  return p;
}

std::vector<const VocabularyKernels*> Supported() {
  const KernelList list = SupportedKernels();
  return {list.kernels, list.kernels + list.size};
}

class SamplerAgainstNaiveModel
    : public testing::TestWithParam<const VocabularyKernels*> {};

TEST_P(SamplerAgainstNaiveModel, ProbabilitiesAgree) {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const int size = 3 + random() % 300;
    const uint32_t which = seed < 9 * 20 ? 1 << seed / 20 : random() % 512;
    const SamplingParameters p = RandomParameters(&random, which, size);
    const std::vector<float> logits =
        RandomLogits(&random, size, 0.1f + random() % 5);
    const std::vector<int32_t> prompt = RandomTokens(&random, 20, size);
    auto sampler = Sampler::Create(p, size, prompt, *GetParam());
    ASSERT_TRUE(sampler.ok()) << sampler.status();
    std::vector<int32_t> generated;
    for (const int32_t t : RandomTokens(&random, random() % 20, size)) {
      sampler->Append(t);
      generated.push_back(t);
    }
    sampler->Append(0);
    sampler->Remove(0);
    std::vector<float> got(size);
    SamplingScratch scratch;
    ASSERT_TRUE(
        sampler->Probabilities(logits, &scratch, absl::MakeSpan(got)).ok());
    const std::vector<double> want =
        NaiveProbabilities(p, logits, prompt, generated);
    for (int t = 0; t < size; ++t) ASSERT_NEAR(got[t], want[t], 2e-6) << t;
  }
}

TEST_P(SamplerAgainstNaiveModel, DrawsTheLargestScore) {
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const int size = 3 + random() % 3000;
    const SamplingParameters p = RandomParameters(&random, random() % 16, size);
    std::vector<float> logits =
        RandomLogits(&random, size, 0.01f + random() % 5);
    auto sampler = Sampler::Create(p, size, {}, *GetParam());
    ASSERT_TRUE(sampler.ok());
    SamplingScratch scratch;
    std::vector<float> probabilities(size);
    ASSERT_TRUE(
        sampler->Probabilities(logits, &scratch, absl::MakeSpan(probabilities))
            .ok());
    const float max = *std::max_element(logits.begin(), logits.end());
    double best = -kInfinity;
    int32_t want = 0;
    for (int32_t t = 0; t < size; ++t) {
      if (probabilities[t] == 0) continue;
      const float y = (logits[t] - max) * (1 / p.temperature);
      const double score = y + GumbelFromWord(NoiseWord(p.seed, seed, t));
      if (score > best) {
        best = score;
        want = t;
      }
    }
    ASSERT_EQ(*sampler->Sample(logits, seed, &scratch), want);
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, SamplerAgainstNaiveModel,
                         testing::ValuesIn(Supported()));

TEST(SamplerTest, GreedyTakesTheLowestOfEquals) {
  const std::vector<float> logits = {0, 3, 1, 3, 2};
  SamplingScratch scratch;
  const auto sampler = Sampler::Create({.temperature = 0}, 5);
  EXPECT_EQ(*sampler->Sample(logits, 0, &scratch), 1);
  EXPECT_TRUE(sampler->is_plain_argmax());
}

TEST(SamplerTest, TopKKeepsTheLowerTokenOfEquals) {
  const std::vector<float> logits = {0, 1, 1, 1, 1};
  SamplingScratch scratch;
  std::vector<float> probabilities(5);
  const auto sampler = Sampler::Create({.top_k = 2}, 5);
  ASSERT_TRUE(
      sampler->Probabilities(logits, &scratch, absl::MakeSpan(probabilities))
          .ok());
  EXPECT_EQ(probabilities, (std::vector<float>{0, 0.5, 0.5, 0, 0}));
}

TEST(SamplerTest, TopPStopsAtTheTokenThatReachesIt) {
  const std::vector<float> logits(1024, 3);
  SamplingScratch scratch;
  std::vector<float> probabilities(1024);
  for (const int kept : {1, 2, 64, 512, 1023}) {
    const auto sampler = Sampler::Create({.top_p = kept / 1024.0f}, 1024);
    ASSERT_TRUE(
        sampler->Probabilities(logits, &scratch, absl::MakeSpan(probabilities))
            .ok());
    for (int t = 0; t < 1024; ++t) {
      ASSERT_EQ(probabilities[t], t < kept ? 1.0f / kept : 0.0f) << t;
    }
  }
}

TEST(SamplerTest, DrawDependsOnPositionAndSeedAlone) {
  std::mt19937 random(1);
  const std::vector<float> logits = RandomLogits(&random, 1000, 1);
  SamplingScratch scratch;
  const auto one = Sampler::Create({.seed = 5}, 1000);
  auto other = Sampler::Create({.seed = 5}, 1000);
  const auto third = Sampler::Create({.seed = 6}, 1000);
  int differs = 0, moves = 0;
  for (int64_t position = 99; position >= 0; --position) {
    other->Append(position);
    const int32_t token = *one->Sample(logits, position, &scratch);
    EXPECT_EQ(*other->Sample(logits, position, &scratch), token);
    differs += *third->Sample(logits, position, &scratch) != token;
    moves += *one->Sample(logits, position + 1, &scratch) != token;
  }
  EXPECT_GT(differs, 80);
  EXPECT_GT(moves, 80);
}

TEST(SamplerTest, NeverDrawsWhatIsNotANumber) {
  SamplingScratch scratch;
  const float nan = std::nanf("");
  for (const float temperature : {0.0f, 1.0f}) {
    for (const float top_p : {0.5f, 1.0f}) {
      for (const int32_t top_k : {0, 2}) {
        const auto sampler = Sampler::Create(
            {.temperature = temperature, .top_p = top_p, .top_k = top_k}, 4);
        const auto sample = [&](std::vector<float> logits) {
          return sampler->Sample(logits, 3, &scratch);
        };
        EXPECT_EQ(*sample({nan, -kInfinity, -5, nan}), 2);
        EXPECT_EQ(*sample({nan, kInfinity, 5, -kInfinity}), 1);
        const int32_t token = *sample({kInfinity, nan, 5, kInfinity});
        EXPECT_TRUE(token == 0 || token == 3);
        EXPECT_EQ(sample({nan, -kInfinity, nan, -kInfinity}).status().code(),
                  absl::StatusCode::kDataLoss);
      }
    }
  }
}

TEST(SamplerTest, PenaltiesKeepFiniteLogitsFinite) {
  auto sampler = Sampler::Create(
      {.temperature = 0, .repetition_penalty = 100, .logit_bias = {{1, 100}}},
      2, {0, 1});
  SamplingScratch scratch;
  const float lowest = std::numeric_limits<float>::lowest();
  EXPECT_EQ(*sampler->Sample({lowest, lowest}, 0, &scratch), 0);
  EXPECT_EQ(*sampler->Sample({-lowest, -lowest}, 0, &scratch), 0);
}

TEST(SamplerTest, StopTokensWaitForMinTokens) {
  auto sampler = Sampler::Create(
      {.temperature = 0, .min_tokens = 1, .stop_token_ids = {1}}, 3);
  SamplingScratch scratch;
  EXPECT_EQ(*sampler->Sample({0, 9, 5}, 0, &scratch), 2);
  sampler->Append(2);
  EXPECT_EQ(*sampler->Sample({0, 9, 5}, 1, &scratch), 1);
}

TEST(SamplerTest, RefusesAPromptOutsideTheVocabulary) {
  EXPECT_EQ(Sampler::Create({}, 3, {3}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera::sampling
