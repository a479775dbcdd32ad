#include "libs/speculation/toy_distributions.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tessera::speculation {
namespace {

uint64_t Mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

// Indices, the most probable first.
std::vector<int> Order(absl::Span<const double> logits) {
  std::vector<int> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [logits](int a, int b) { return logits[a] > logits[b]; });
  return order;
}

}  // namespace

std::vector<float> ToyProbabilities(absl::Span<const double> logits,
                                    const ToyCut& cut) {
  const std::vector<int> order = Order(logits);
  const int n = logits.size();
  std::vector<double> weights(n);
  const double largest = logits[order[0]];
  for (int i = 0; i < n; ++i) {
    weights[i] = cut.temperature > 0
                     ? std::exp((logits[order[i]] - largest) / cut.temperature)
                     : i == 0;
  }
  const int top_k = cut.top_k > 0 ? std::min(cut.top_k, n) : n;
  const double total =
      std::accumulate(weights.begin(), weights.begin() + top_k, 0.0);
  double kept = 0;
  int num_kept = 0;
  while (num_kept < top_k && (num_kept == 0 || kept < cut.top_p * total)) {
    kept += weights[num_kept++];
  }
  std::vector<float> probabilities(n);
  for (int i = 0; i < num_kept; ++i) {
    probabilities[order[i]] = static_cast<float>(weights[i] / kept);
  }
  return probabilities;
}

double ToyUniform(uint64_t seed, uint64_t position, uint64_t stream) {
  const uint64_t word = Mix(Mix(Mix(seed) + position) + stream);
  return ((word >> 12) + 0.5) * 0x1p-52;
}

int32_t ToyGumbelDraw(absl::Span<const float> probabilities, uint64_t seed,
                      uint64_t position) {
  int32_t best = 0;
  double largest = -INFINITY;
  for (int32_t token = 0; token < probabilities.size(); ++token) {
    if (!(probabilities[token] > 0)) continue;
    const double noise =
        -std::log(-std::log(ToyUniform(seed, position, 1000 + token)));
    const double score = std::log(probabilities[token]) + noise;
    if (score > largest) {
      largest = score;
      best = token;
    }
  }
  return best;
}

}  // namespace tessera::speculation
