#include "services/speculator/catch_up_budget.h"

#include <algorithm>

namespace tessera::speculator {
namespace {

// Share of the latest pass in what a token is taken to need.
constexpr double kWeight = 0.2;

}  // namespace

int64_t CatchUpBudget::Tokens(absl::Duration left) const {
  const int64_t most = std::max(kLeast, max_tokens_);
  if (token_seconds_ <= 0) return std::min(most, 2 * kLeast);
  const double seconds = absl::ToDoubleSeconds(std::min(max_time_, left / 2));
  const double tokens = seconds / token_seconds_;
  if (tokens >= static_cast<double>(most)) return most;
  return std::max(kLeast, static_cast<int64_t>(tokens));
}

void CatchUpBudget::Observe(int64_t num_tokens, absl::Duration duration) {
  const double seconds = absl::ToDoubleSeconds(duration) / num_tokens;
  token_seconds_ = token_seconds_ <= 0
                       ? seconds
                       : (1 - kWeight) * token_seconds_ + kWeight * seconds;
}

}  // namespace tessera::speculator
