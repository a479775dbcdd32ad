// Both rules give tokens with the target's distribution: chi-square over
// accepted, refused and bonus tokens of a target and a draft model whose
// distributions depend on the token before. Seeds are fixed: a test that passes
// once passes always.
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/speculation/acceptance.h"
#include "libs/speculation/toy_distributions.h"

namespace tessera::speculation {
namespace {

constexpr int kVocab = 7;
constexpr int kNumDraft = 3;
constexpr int kTrials = 100000;

// Row r: the distribution after token r.
using Model = std::vector<std::vector<float>>;

struct Setting {
  std::string name;
  ToyCut target;
  ToyCut draft;
  bool match_rule = false;
};

Model MakeModel(const ToyCut& cut, double difference) {
  std::mt19937 random(3);
  std::mt19937 random_difference(4);
  std::normal_distribution<double> normal(0, 1.5);
  Model model;
  for (int row = 0; row < kVocab; ++row) {
    std::vector<double> logits;
    for (int i = 0; i < kVocab; ++i) {
      logits.push_back(normal(random) + difference * normal(random_difference));
    }
    model.push_back(ToyProbabilities(logits, cut));
  }
  return model;
}

struct Draft {
  std::vector<int32_t> tokens;
  std::vector<float> draft_probabilities;
  std::vector<float> target_probabilities;
  std::vector<RejectionNoise> noise;
};

// Draws a draft after token 0. Its draws are those of the target's noise under
// the match rule, and else independent of the verdict's.
Draft MakeDraft(const Model& target, const Model& draft, uint64_t seed) {
  Draft result;
  int32_t last = 0;
  for (int i = 0; i <= kNumDraft; ++i) {
    const std::vector<float>& p = target[last];
    result.target_probabilities.insert(result.target_probabilities.end(),
                                       p.begin(), p.end());
    result.noise.push_back({ToyUniform(seed, i, 1), ToyUniform(seed, i, 2)});
    if (i == kNumDraft) break;
    const std::vector<float>& q = draft[last];
    result.draft_probabilities.insert(result.draft_probabilities.end(),
                                      q.begin(), q.end());
    last = ToyGumbelDraw(q, seed, i);
    result.tokens.push_back(last);
  }
  return result;
}

Verdict Judge(const Setting& setting, const Draft& draft, uint64_t seed) {
  if (!setting.match_rule) {
    return *AcceptOrResample({draft.tokens, draft.draft_probabilities,
                              draft.target_probabilities, draft.noise});
  }
  return *AcceptMatching(
      draft.tokens, [&](int index) -> absl::StatusOr<int32_t> {
        return ToyGumbelDraw(absl::MakeConstSpan(draft.target_probabilities)
                                 .subspan(index * kVocab, kVocab),
                             seed, index);
      });
}

// Observed counts against expected chances given what came before: of a list of
// cells, each a row of a distribution.
class ChiSquare {
 public:
  void Add(int cell, int32_t token) { ++counts_[cell][token]; }

  // Standard deviations above the mean, by Wilson and Hilferty.
  double Deviation(const std::map<int, std::vector<double>>& expected) const {
    double sum = 0;
    double freedom = 0;
    for (const auto& [cell, tokens] : counts_) {
      const std::vector<double>& p = expected.at(cell);
      double n = 0;
      for (const auto& [token, count] : tokens) n += count;
      if (n * kVocab < 2000) continue;
      freedom -= 1;
      for (int token = 0; token < kVocab; ++token) {
        const auto it = tokens.find(token);
        const double count = it == tokens.end() ? 0 : it->second;
        if (p[token] * n < 5) {
          EXPECT_TRUE(p[token] > 0 || count == 0) << token;
          continue;
        }
        sum += (count - n * p[token]) * (count - n * p[token]) / (n * p[token]);
        freedom += 1;
      }
    }
    if (freedom < 1) return 0;
    const double v = 2 / (9 * freedom);
    return (std::cbrt(sum / freedom) - (1 - v)) / std::sqrt(v);
  }

 private:
  std::map<int, std::map<int32_t, int>> counts_;
};

class DistributionTest : public testing::TestWithParam<Setting> {};
class RejectionTest : public DistributionTest {};

// The token at each position, drafted and kept or not, given the one before.
TEST_P(DistributionTest, EveryTokenFollowsTheTarget) {
  const Setting& setting = GetParam();
  const Model target = MakeModel(setting.target, 0);
  const Model draft = MakeModel(setting.draft, 0.7);
  ChiSquare said;
  ChiSquare bonus;
  int num_verdicts[kNumDraft + 1] = {};
  for (uint64_t seed = 0; seed < kTrials; ++seed) {
    const Draft drafted = MakeDraft(target, draft, seed);
    const Verdict verdict = Judge(setting, drafted, seed);
    ++num_verdicts[verdict.num_accepted];
    int32_t last = 0;
    for (int i = 0; i < verdict.num_accepted; ++i) {
      said.Add(i * kVocab + last, drafted.tokens[i]);
      last = drafted.tokens[i];
    }
    const int cell = verdict.num_accepted * kVocab + last;
    (verdict.num_accepted == kNumDraft ? bonus : said)
        .Add(cell, verdict.next_token);
  }
  std::map<int, std::vector<double>> expected;
  for (int cell = 0; cell < kVocab * (kNumDraft + 1); ++cell) {
    const std::vector<float>& p = target[cell % kVocab];
    expected[cell] = {p.begin(), p.end()};
  }
  EXPECT_LT(said.Deviation(expected), 4);
  EXPECT_LT(bonus.Deviation(expected), 4);
  for (const int count : num_verdicts) EXPECT_GT(count, 0);
}

// Tokens kept follow min(p, q), those drawn after a refusal max(0, p - q).
TEST_P(RejectionTest, KeptAndResampledTokensFollowTheirShares) {
  const Setting& setting = GetParam();
  const Model target = MakeModel(setting.target, 0);
  const Model draft = MakeModel(setting.draft, 0.7);
  ChiSquare kept;
  ChiSquare resampled;
  for (uint64_t seed = 0; seed < kTrials; ++seed) {
    const Draft drafted = MakeDraft(target, draft, seed);
    const Verdict verdict = Judge(setting, drafted, seed);
    if (verdict.num_accepted > 0) {
      kept.Add(0, drafted.tokens[0]);
    } else {
      resampled.Add(0, verdict.next_token);
    }
  }
  std::vector<double> shares(kVocab);
  std::vector<double> residuals(kVocab);
  double accepted = 0;
  for (int token = 0; token < kVocab; ++token) {
    shares[token] = std::min(target[0][token], draft[0][token]);
    residuals[token] = target[0][token] - shares[token];
    accepted += shares[token];
  }
  for (double& share : shares) share /= accepted;
  for (double& residual : residuals) residual /= 1 - accepted;
  EXPECT_LT(kept.Deviation({{0, shares}}), 4);
  EXPECT_LT(resampled.Deviation({{0, residuals}}), 4);
}

// Row by row, as if the drafts were certain of their tokens.
TEST_P(DistributionTest, TokensOfADraftThatIsCertainFollowTheTarget) {
  const Setting& setting = GetParam();
  if (setting.match_rule) return;  // has no part in it
  const Model target = MakeModel(setting.target, 0);
  const Model draft = MakeModel(setting.draft, 0.7);
  ChiSquare said;
  int num_kept = 0;
  for (uint64_t seed = 0; seed < kTrials; ++seed) {
    const Draft drafted = MakeDraft(target, draft, seed);
    int32_t last = 0;
    for (int i = 0; i < kNumDraft; ++i) {
      const int32_t token = *KeepOrResample(drafted.tokens[i], {}, target[last],
                                            drafted.noise[i]);
      said.Add(i * kVocab + last, token);
      if (token != drafted.tokens[i]) break;
      ++num_kept;
      last = token;
    }
  }
  std::map<int, std::vector<double>> expected;
  for (int cell = 0; cell < kVocab * kNumDraft; ++cell) {
    const std::vector<float>& p = target[cell % kVocab];
    expected[cell] = {p.begin(), p.end()};
  }
  EXPECT_LT(said.Deviation(expected), 4);
  EXPECT_GT(num_kept, kTrials / 10);
}

std::vector<Setting> Settings() {
  std::vector<Setting> settings;
  for (const bool match_rule : {false, true}) {
    const std::string rule = match_rule ? "Match" : "Rejection";
    settings.push_back({rule + "Plain", {}, {}, match_rule});
    settings.push_back({rule + "Temperature", {0.6}, {0.6}, match_rule});
    settings.push_back({rule + "TopK", {1, 4}, {1, 4}, match_rule});
    settings.push_back({rule + "TopP", {1, 0, 0.8}, {1, 0, 0.8}, match_rule});
    settings.push_back(
        {rule + "All", {0.8, 5, 0.9}, {0.8, 5, 0.9}, match_rule});
    settings.push_back({rule + "TargetCutAlone", {0.7, 4}, {}, match_rule});
    settings.push_back({rule + "DraftCutAlone", {}, {0.7, 4}, match_rule});
  }
  return settings;
}

std::vector<Setting> RejectionSettings() {
  std::vector<Setting> settings;
  for (const Setting& setting : Settings()) {
    if (!setting.match_rule) settings.push_back(setting);
  }
  return settings;
}

std::string NameOf(const testing::TestParamInfo<Setting>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Settings, DistributionTest,
                         testing::ValuesIn(Settings()), NameOf);
INSTANTIATE_TEST_SUITE_P(Settings, RejectionTest,
                         testing::ValuesIn(RejectionSettings()), NameOf);

// The chance that two draws with shared Gumbel noise agree is the sum over
// tokens of 1 / sum_j max(p_j / p_i, q_j / q_i); under rejection it is
// sum min(p, q), which is never less.
TEST(AcceptanceRateTest, FollowsTheFormulas) {
  const std::vector<float> p = MakeModel({}, 0)[0];
  const std::vector<float> q = MakeModel({}, 0.7)[0];
  double by_match = 0;
  double by_rejection = 0;
  for (int i = 0; i < kVocab; ++i) {
    double sum = 0;
    for (int j = 0; j < kVocab; ++j) {
      sum += std::max(p[j] / p[i], q[j] / q[i]);
    }
    by_match += 1 / sum;
    by_rejection += std::min(p[i], q[i]);
  }
  int matched = 0;
  int kept = 0;
  std::vector<float> targets(p);
  targets.insert(targets.end(), p.begin(), p.end());
  for (uint64_t seed = 0; seed < kTrials; ++seed) {
    const int32_t token = ToyGumbelDraw(q, seed, 0);
    matched += token == ToyGumbelDraw(p, seed, 0);
    const std::vector<RejectionNoise> noise = {{ToyUniform(seed, 0, 1), 0.5},
                                               {0.5, 0.5}};
    kept += AcceptOrResample({{token}, q, targets, noise})->num_accepted;
  }
  EXPECT_NEAR(double(matched) / kTrials, by_match, 0.004);
  EXPECT_NEAR(double(kept) / kTrials, by_rejection, 0.004);
  EXPECT_LT(by_match, by_rejection);
}

}  // namespace
}  // namespace tessera::speculation
