#include "libs/speculation/prediction_tracker.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "libs/base/check.h"

namespace tessera::speculation {

void PredictionTracker::Advance(const TokenHistory& text) {
  CHECK(text.size() > 0);
  State state = states_.back();
  Match& place = state.place;
  const absl::Span<const int32_t> predicted = prediction_.tokens();
  if (place.next < predicted.size() &&
      predicted[place.next] == text.tokens().back()) {
    ++place.next;
    ++place.match_length;
    // Behind a gap of several tokens one that agrees may be chance.
    if (state.num_off <= 1 || place.match_length > 1) state.num_off = 0;
  } else {
    PartFrom(text, state);
  }
  states_.push_back(state);
}

bool PredictionTracker::IsPutIn(int32_t token, int64_t place) const {
  const absl::Span<const int32_t> predicted = prediction_.tokens();
  return punctuation_->Has(token) && place < std::ssize(predicted) &&
         !punctuation_->Has(predicted[place]);
}

void PredictionTracker::PartFrom(const TokenHistory& text, State& state) const {
  if (state.num_off == 0) {
    state.parted = state.place.next;
    state.num_put_in = 0;
  }
  if (IsPutIn(text.tokens().back(), state.Counted())) ++state.num_put_in;
  ++state.num_off;
  if (state.num_off > 1) {
    if (const std::optional<Match> near = Nearby(text, state)) {
      state.place = *near;
      return;
    }
    const std::optional<Match> far = prediction_.Find(text, state.parted);
    if (far.has_value() && far->match_length >= kFarMatch) {
      state.place = *far;
      state.num_off = 0;
      return;
    }
  }
  state.place = {state.Counted(), 0};
}

// The longest match, of those the one nearest to where counting puts the
// answer.
std::optional<Match> PredictionTracker::Nearby(const TokenHistory& text,
                                               const State& state) const {
  const absl::Span<const int32_t> predicted = prediction_.tokens();
  const absl::Span<const int32_t> answer = text.tokens();
  const int64_t counted = state.Counted();
  const int64_t last = std::min<int64_t>(
      predicted.size(), state.parted + kNearTokens +
                            std::min<int64_t>(state.num_off, kMostOffTokens));
  Match best;
  for (int64_t next = state.parted + 1; next <= last; ++next) {
    const int64_t most =
        std::min<int64_t>({next, std::ssize(answer), kFarMatch});
    int length = 0;
    while (length < most &&
           predicted[next - 1 - length] == answer[answer.size() - 1 - length]) {
      ++length;
    }
    if (length == 0) continue;
    const bool is_nearer =
        std::abs(next - counted) < std::abs(best.next - counted);
    if (length > best.match_length ||
        (length == best.match_length && is_nearer)) {
      best = {next, length};
    }
  }
  if (best.match_length == 0) return std::nullopt;
  return best;
}

void PredictionTracker::Truncate(int64_t num_tokens) {
  CHECK(0 <= num_tokens && num_tokens <= this->num_tokens()) << num_tokens;
  states_.resize(num_tokens + 1);
}

std::optional<Match> PredictionTracker::Place() const {
  const State& state = states_.back();
  if (!IsKnown(state) || state.place.next >= prediction_.tokens().size()) {
    return std::nullopt;
  }
  return state.place;
}

absl::Span<const int32_t> PredictionTracker::Continuation(
    int max_tokens) const {
  const std::optional<Match> place = Place();
  if (!place.has_value()) return {};
  return prediction_.tokens().subspan(place->next, std::max(0, max_tokens));
}

}  // namespace tessera::speculation
