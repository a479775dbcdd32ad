#include "libs/scheduling/step_budget.h"

#include <algorithm>
#include <numeric>

#include "libs/base/check.h"

namespace tessera::scheduling {
namespace {

constexpr int64_t kLeastPromptTokens = 16;
constexpr int64_t kFirstPromptTokens = 64;
constexpr double kPartOfTarget = 0.9;
// Of the difference between a pass and its prediction: half of what is known is
// four passes old.
constexpr double kStep = 0.15;
constexpr double kMostOfPrediction = 2;
// The number of each that makes a part of one. What could be the cost of any
// part falls to the largest: with so few prompt tokens to one, to them, so that
// a pass grows too little rather than too much.
constexpr double kStreams = 16;
constexpr double kPromptTokens = 16;

}  // namespace

StepBudget::StepBudget(absl::Duration target_inter_token,
                       int64_t max_pass_tokens)
    : target_seconds_(absl::ToDoubleSeconds(target_inter_token)),
      max_pass_tokens_(max_pass_tokens) {
  CHECK(max_pass_tokens >= 1) << max_pass_tokens;
}

StepBudget::Pass StepBudget::MakePass(int num_decoding,
                                      int64_t num_prompt_tokens) {
  return {1, num_decoding / kStreams,
          static_cast<double>(num_prompt_tokens) / kPromptTokens};
}

double StepBudget::PredictSeconds(const Pass& pass) const {
  return std::inner_product(pass.begin(), pass.end(), costs_.begin(), 0.0);
}

int64_t StepBudget::PromptTokens(int num_decoding) const {
  if (num_decoding == 0) return max_pass_tokens_;
  const int64_t most = std::min(
      max_pass_tokens_, std::max(kFirstPromptTokens, 2 * most_prompt_tokens_));
  const double seconds_left = kPartOfTarget * target_seconds_ -
                              PredictSeconds(MakePass(num_decoding, 0));
  const double seconds_each = costs_[2] / kPromptTokens;
  // Written so that neither a cost of zero nor an infinite target overflows.
  if (seconds_left >= seconds_each * static_cast<double>(most)) return most;
  const auto num_fitting =
      static_cast<int64_t>(std::max(0.0, seconds_left / seconds_each));
  return std::min(most, std::max({kLeastPromptTokens, num_fitting,
                                  static_cast<int64_t>(num_decoding)}));
}

void StepBudget::Observe(int num_decoding, int64_t num_prompt_tokens,
                         absl::Duration step) {
  const Pass pass = MakePass(num_decoding, num_prompt_tokens);
  double seconds = std::max(0.0, absl::ToDoubleSeconds(step));
  const double predicted = PredictSeconds(pass);
  if (has_observed_) seconds = std::min(seconds, kMostOfPrediction * predicted);
  const double size =
      std::inner_product(pass.begin(), pass.end(), pass.begin(), 0.0);
  const double move =
      (has_observed_ ? kStep : 1) * (seconds - predicted) / size;
  for (size_t i = 0; i < pass.size(); ++i) {
    costs_[i] = std::max(0.0, costs_[i] + move * pass[i]);
  }
  has_observed_ = true;
  most_prompt_tokens_ = std::max(most_prompt_tokens_, num_prompt_tokens);
}

}  // namespace tessera::scheduling
