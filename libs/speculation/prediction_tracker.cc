#include "libs/speculation/prediction_tracker.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "libs/base/check.h"

namespace tessera::speculation {

void PredictionTracker::Advance(const TokenHistory& text) {
  CHECK(text.size() > 0);
  State state = states_.back();
  Match& place = state.place;
  const absl::Span<const int32_t> predicted = prediction();
  const int32_t token = text.tokens().back();
  const int64_t past_marks = std::exchange(state.past_marks, 0);
  const auto agrees = [&](int64_t next) {
    return next < std::ssize(predicted) && predicted[next] == token;
  };
  if (past_marks > 0 && !agrees(place.next) && agrees(past_marks)) {
    place.next = past_marks;
  }
  if (agrees(place.next)) {
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
  const absl::Span<const int32_t> predicted = prediction();
  return classes_->IsMark(token) && place < std::ssize(predicted) &&
         !classes_->IsMark(predicted[place]);
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
  if (state.num_off == 1 && state.num_put_in == 0) {
    ReplaceWord(text.tokens().back(), state);
  }
}

void PredictionTracker::ReplaceWord(int32_t token, State& state) const {
  const absl::Span<const int32_t> predicted = prediction();
  const int64_t size = std::ssize(predicted);
  if (!classes_->IsWord(token) || state.parted >= size ||
      !classes_->IsWord(predicted[state.parted])) {
    return;
  }
  int64_t next = state.parted + 1;
  while (next < size && !classes_->IsWord(predicted[next]) &&
         !classes_->IsMark(predicted[next])) {
    ++next;
  }
  state.place.next = next;
  if (next == size || !classes_->IsMark(predicted[next])) return;
  while (next < size && !classes_->IsWord(predicted[next])) ++next;
  if (next < size) state.past_marks = next;
}

// The longest match, of those the one nearest to where counting puts the
// answer.
std::optional<Match> PredictionTracker::Nearby(const TokenHistory& text,
                                               const State& state) const {
  const absl::Span<const int32_t> predicted = prediction();
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

int PredictionTracker::NumAgreedWords() const {
  const Match& place = states_.back().place;
  int num_words = 0;
  for (int i = 1; i <= place.match_length && num_words < kMostWords; ++i) {
    num_words += classes_->IsWord(prediction()[place.next - i]);
  }
  return num_words;
}

void PredictionTracker::Truncate(int64_t num_tokens) {
  CHECK(0 <= num_tokens && num_tokens <= this->num_tokens()) << num_tokens;
  states_.resize(num_tokens + 1);
}

std::optional<Match> PredictionTracker::Place() const {
  const State& state = states_.back();
  if (!IsKnown(state) || state.place.next >= prediction().size()) {
    return std::nullopt;
  }
  return state.place;
}

std::optional<int64_t> PredictionTracker::PlacePastMarks() const {
  const State& state = states_.back();
  if (state.past_marks == 0) return std::nullopt;
  return state.past_marks;
}

}  // namespace tessera::speculation
