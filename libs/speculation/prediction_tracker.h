// PredictionTracker: where in a predicted text an answer is.
//
// It starts at the beginning. While the answer says what the prediction does,
// the place moves along. After a token that the prediction does not have there,
// it is where the longest match of the answer's last tokens says
// (PredictedText::Find), near the place last trusted: a changed word, a left
// out or inserted line are passed over within a few tokens. Where only the last
// token matches, and far away, or nothing does, the token is taken to stand in
// place of the predicted one, once: half of the changed words are one token.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "libs/speculation/predicted_text.h"
#include "libs/speculation/token_history.h"

namespace tessera::speculation {

class PredictionTracker {
 public:
  // A place is trusted, so that the search begins there the next time, after so
  // many tokens that agree: a shorter match may be chance.
  static constexpr int kTrustedMatch = 4;
  // A match of one token is taken for more than chance when so near.
  static constexpr int kNearTokens = 8;

  explicit PredictionTracker(absl::Span<const int32_t> prediction)
      : prediction_(prediction) {}

  // `text` has grown by one token of the answer. O(1), or O(log n) after a
  // deviation.
  void Advance(const TokenHistory& text);
  // Forgets all but the first `num_tokens` of the answer.
  void Truncate(int64_t num_tokens);

  // Where the prediction goes on; none when the answer is elsewhere, or at its
  // end. match_length: tokens that agreed, 0 at the very beginning.
  std::optional<Match> Place() const;
  // Tokens of the prediction from Place() on, at most `max_tokens`.
  absl::Span<const int32_t> Continuation(int max_tokens) const;

  // Of the answer.
  int64_t num_tokens() const { return states_.size() - 1; }

 private:
  struct State {
    std::optional<Match> place;
    int64_t trusted = 0;
  };

  std::optional<Match> AfterDeviation(const TokenHistory& text,
                                      const State& before) const;

  PredictedText prediction_;
  // After each number of tokens; 32 bytes a token of the answer.
  std::vector<State> states_ = {{Match{0, 0}, 0}};
};

}  // namespace tessera::speculation
