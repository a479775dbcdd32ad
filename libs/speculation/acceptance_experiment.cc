// How much the two rules accept: prints README.md's table.
//
//   bazel run //libs/speculation:acceptance_experiment
//
// A position of the target has 1,000 logits, normal with a deviation drawn from
// [1, 7) for each position; the draft model's are those plus normal noise of
// the row's deviation.
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "libs/speculation/acceptance.h"
#include "libs/speculation/toy_distributions.h"

namespace tessera::speculation {
namespace {

constexpr int kVocab = 1000;
constexpr int kNumDraft = 4;
constexpr int kDrafts = 2000;

struct Sampling {
  std::string name;
  ToyCut cut;
};

struct Totals {
  double first_kept = 0;
  double tokens = 0;

  void Add(const Verdict& verdict) {
    first_kept += verdict.num_accepted > 0;
    tokens += verdict.num_accepted + 1;
  }
};

struct Drafted {
  std::vector<int32_t> tokens;
  std::vector<float> draft;
  std::vector<float> target;
  std::vector<RejectionNoise> noise;
};

Drafted DraftOf(const ToyCut& cut, double difference, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, 1);
  std::uniform_real_distribution<double> deviation(1, 7);
  Drafted result;
  for (int i = 0; i <= kNumDraft; ++i) {
    const double d = deviation(random);
    std::vector<double> target(kVocab);
    std::vector<double> draft(kVocab);
    for (int token = 0; token < kVocab; ++token) {
      target[token] = d * normal(random);
      draft[token] = target[token] + difference * normal(random);
    }
    const std::vector<float> p = ToyProbabilities(target, cut);
    result.target.insert(result.target.end(), p.begin(), p.end());
    result.noise.push_back({ToyUniform(seed, i, 1), ToyUniform(seed, i, 2)});
    if (i == kNumDraft) break;
    const std::vector<float> q = ToyProbabilities(draft, cut);
    result.draft.insert(result.draft.end(), q.begin(), q.end());
    result.tokens.push_back(ToyGumbelDraw(q, seed, i));
  }
  return result;
}

void Compare(const Sampling& sampling, double difference) {
  Totals match;
  Totals rejection;
  for (uint64_t seed = 0; seed < kDrafts; ++seed) {
    const Drafted drafted = DraftOf(sampling.cut, difference, seed);
    match.Add(*AcceptMatching(
        drafted.tokens, [&](int index) -> absl::StatusOr<int32_t> {
          return ToyGumbelDraw(absl::MakeConstSpan(drafted.target)
                                   .subspan(index * kVocab, kVocab),
                               seed, index);
        }));
    rejection.Add(*AcceptOrResample(
        {drafted.tokens, drafted.draft, drafted.target, drafted.noise}));
  }
  std::printf("| %s | %.1f | %.0f%% | %.0f%% | %.2f | %.2f | %.2f |\n",
              sampling.name.c_str(), difference,
              100 * match.first_kept / kDrafts,
              100 * rejection.first_kept / kDrafts, match.tokens / kDrafts,
              rejection.tokens / kDrafts, match.tokens / rejection.tokens);
}

int Main() {
  std::printf(
      "| sampling | difference | match | rejection | match, tokens a pass | "
      "rejection | ratio |\n|---|---|---|---|---|---|---|\n");
  const std::vector<Sampling> samplings = {
      {"greedy", {0}},
      {"temperature 0.6, top_k 20, top_p 0.95", {0.6, 20, 0.95}},
      {"temperature 1, top_p 0.9", {1, 0, 0.9}},
      {"temperature 1", {1}},
  };
  for (const Sampling& sampling : samplings) {
    for (const double difference : {0.3, 1.0, 2.0}) {
      Compare(sampling, difference);
    }
  }
  return 0;
}

}  // namespace
}  // namespace tessera::speculation

int main() { return tessera::speculation::Main(); }
