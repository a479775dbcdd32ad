#include "libs/speculation/pass_cost.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "libs/base/check.h"

namespace tessera::speculation {
namespace {

// All in log seconds.
constexpr double kNoise = 0.05 * 0.05;
constexpr double kLevelDrift = 0.02 * 0.02;
constexpr double kShapeDrift = 0.001 * 0.001;
constexpr double kShapePrior = 0.5 * 0.5;
constexpr double kLevelPrior = 0.2 * 0.2;
constexpr double kMaxSlower = 0.3;
// Of a run of passes of one size, so many correct the shape. With 1 the cost of
// a draft that is made again and again is learned late: a batch of 1 with
// perfect drafts lost 4%.
constexpr int kShapeRun = 16;

// Of a pass of one token, before anything is known: memory bound at first, in
// proportion later.
double PriorShape(int64_t num_tokens) {
  return std::log(1 + (num_tokens - 1) / 16.0);
}

}  // namespace

PassCost::Between PassCost::Locate(int64_t num_tokens) {
  const auto above = std::upper_bound(kSizes.begin(), kSizes.end(), num_tokens);
  const int below = std::min<int>(above - kSizes.begin() - 1, kNumSizes - 2);
  const double share = double(num_tokens - kSizes[below]) /
                       double(kSizes[below + 1] - kSizes[below]);
  return {below, std::min(share, 1.0)};
}

double PassCost::ShapeAt(const Between& at) const {
  return std::log((1 - at.share) * std::exp(shape_[at.below].mean) +
                  at.share * std::exp(shape_[at.below + 1].mean));
}

void PassCost::StartAt(double log_seconds, int64_t num_tokens) {
  for (int i = 0; i < kNumSizes; ++i) {
    shape_[i] = {PriorShape(kSizes[i]), kShapePrior};
  }
  level_ = {log_seconds - ShapeAt(Locate(num_tokens)), kLevelPrior};
  CountRun(num_tokens);
  is_known_ = true;
}

void PassCost::AddUncertainty() {
  level_.variance += kLevelDrift;
  for (Estimate& shape : shape_) {
    shape.variance = std::min(shape.variance + kShapeDrift, kShapePrior);
  }
}

int PassCost::CountRun(int64_t num_tokens) {
  if (num_tokens != std::exchange(run_tokens_, num_tokens)) run_length_ = 0;
  if (run_length_ <= kShapeRun) ++run_length_;
  return run_length_;
}

void PassCost::Correct(double log_seconds, int64_t num_tokens) {
  const Between at = Locate(num_tokens);
  AddUncertainty();
  Estimate& low = shape_[at.below];
  Estimate& high = shape_[at.below + 1];
  const double shape = ShapeAt(at);
  // How much the expected log seconds move with each of the two.
  const bool moves_shape = CountRun(num_tokens) <= kShapeRun;
  const double a =
      moves_shape ? (1 - at.share) * std::exp(low.mean - shape) : 0;
  const double b = moves_shape ? at.share * std::exp(high.mean - shape) : 0;
  const double total =
      level_.variance + a * a * low.variance + b * b * high.variance + kNoise;
  const double surprise = log_seconds - (level_.mean + shape);
  const double bound = 3 * std::sqrt(total);
  const double step =
      std::clamp(surprise, -bound, std::min(bound, kMaxSlower)) / total;
  const bool is_contradicted = surprise * surprise > bound * bound;
  const auto correct = [&](Estimate& estimate, double weight, double most) {
    estimate.mean += weight * estimate.variance * step;
    estimate.variance *= is_contradicted
                             ? 1 + weight
                             : 1 - weight * weight * estimate.variance / total;
    estimate.variance = std::min(estimate.variance, most);
  };
  correct(level_, 1, 1);
  correct(low, a, kShapePrior);
  correct(high, b, kShapePrior);
}

// Pool adjacent violators: sizes that are out of order get their mean, weighted
// by certainty.
void PassCost::MakeMonotone() {
  struct Pool {
    double sum;
    double weight;
    int num_sizes;
    double Mean() const { return sum / weight; }
  };
  std::array<Pool, kNumSizes> pools;
  int num_pools = 0;
  for (const Estimate& shape : shape_) {
    const double weight = 1 / (shape.variance + 1e-9);
    pools[num_pools++] = {shape.mean * weight, weight, 1};
    while (num_pools > 1 &&
           pools[num_pools - 2].Mean() > pools[num_pools - 1].Mean()) {
      const Pool& last = pools[--num_pools];
      pools[num_pools - 1].sum += last.sum;
      pools[num_pools - 1].weight += last.weight;
      pools[num_pools - 1].num_sizes += last.num_sizes;
    }
  }
  int size = 0;
  for (int i = 0; i < num_pools; ++i) {
    for (int j = 0; j < pools[i].num_sizes; ++j) {
      seconds_[size++] = std::exp(level_.mean + pools[i].Mean());
    }
  }
}

void PassCost::Observe(int64_t num_tokens, absl::Duration duration) {
  CHECK(num_tokens >= 1) << num_tokens;
  const double seconds = absl::ToDoubleSeconds(duration);
  if (!(seconds > 0) || !std::isfinite(seconds)) return;
  // A pass larger than any size counts as one of the largest.
  const double scale =
      std::min(1.0, double(kSizes[kNumSizes - 1]) / double(num_tokens));
  const double log_seconds = std::log(seconds * scale);
  if (is_known_) {
    Correct(log_seconds, num_tokens);
  } else {
    StartAt(log_seconds, num_tokens);
  }
  MakeMonotone();
}

double PassCost::Seconds(int64_t num_tokens) const {
  CHECK(is_known_ && num_tokens >= 1) << num_tokens;
  const Between at = Locate(num_tokens);
  const double scale =
      std::max(1.0, double(num_tokens) / double(kSizes[kNumSizes - 1]));
  const double low = seconds_[at.below];
  const double high = seconds_[at.below + 1];
  return scale * std::min(low + at.share * (high - low), high);
}

PassCost PassCost::LessCertain() const {
  PassCost result = *this;
  result.level_.variance = kLevelPrior;
  for (Estimate& shape : result.shape_) {
    shape.variance = std::min(shape.variance + kShapePrior / 4, kShapePrior);
  }
  return result;
}

}  // namespace tessera::speculation
