#include "libs/speculation/prediction_tracker.h"

#include <algorithm>

#include "libs/base/check.h"

namespace tessera::speculation {

void PredictionTracker::Advance(const TokenHistory& text) {
  CHECK(text.size() > 0);
  State state = states_.back();
  const absl::Span<const int32_t> expected = Continuation(1);
  if (!expected.empty() && expected[0] == text.tokens().back()) {
    ++state.place->next;
    ++state.place->match_length;
  } else {
    state.place = AfterDeviation(text, state);
  }
  if (state.place.has_value() && state.place->match_length >= kTrustedMatch) {
    state.trusted = state.place->next;
  }
  states_.push_back(state);
}

std::optional<Match> PredictionTracker::AfterDeviation(
    const TokenHistory& text, const State& before) const {
  const std::optional<Match> found = prediction_.Find(text, before.trusted);
  if (!before.place.has_value() || before.place->match_length == 0 ||
      (found.has_value() && found->match_length > 1)) {
    return found;
  }
  const int64_t next = before.place->next;
  if (found.has_value() && next < found->next &&
      found->next <= next + kNearTokens) {
    return found;
  }
  return Match{next + 1, 0};
}

void PredictionTracker::Truncate(int64_t num_tokens) {
  CHECK(0 <= num_tokens && num_tokens <= this->num_tokens()) << num_tokens;
  states_.resize(num_tokens + 1);
}

std::optional<Match> PredictionTracker::Place() const {
  const std::optional<Match>& place = states_.back().place;
  if (!place.has_value() || place->next >= prediction_.tokens().size()) {
    return std::nullopt;
  }
  return place;
}

absl::Span<const int32_t> PredictionTracker::Continuation(
    int max_tokens) const {
  const std::optional<Match> place = Place();
  if (!place.has_value()) return {};
  return prediction_.tokens().subspan(place->next, std::max(0, max_tokens));
}

}  // namespace tessera::speculation
