// PredictionTracker: where in a predicted text an answer is.
//
// It starts at the beginning. While the answer says what the prediction does,
// the place moves along. The first token that the prediction does not have
// there is taken to stand in place of the predicted one: so do most changed
// words. One that starts a word stands in place of a whole word; marks behind
// that may have gone with it, so there are two places to go on from. A mark
// where none was predicted is taken to be put in. After the second, the place
// is where the longest match of the answer's last tokens, of up to 4, says,
// within a few tokens of where the two parted; far away only a match of 4
// tokens counts, for a shorter one is chance more often than not. Where nothing
// matches there is nothing to draft, until something does.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "libs/speculation/predicted_text.h"
#include "libs/speculation/token_classes.h"
#include "libs/speculation/token_history.h"

namespace tessera::speculation {

class PredictionTracker {
 public:
  // Matches of fewer tokens are looked for nearby alone.
  static constexpr int kFarMatch = 4;
  // Tokens of the prediction that an answer skips, at most, to be nearby.
  static constexpr int kNearTokens = 8;
  // Tokens that an answer puts in, at most, before it is elsewhere.
  static constexpr int kMostOffTokens = 32;
  static constexpr int kMostWords = 64;

  // `classes` outlives it.
  PredictionTracker(absl::Span<const int32_t> prediction,
                    const TokenClasses* classes)
      : prediction_(prediction), classes_(classes) {}

  // `text` has grown by one token of the answer. O(1), or O(log n) where it
  // is not what was predicted.
  void Advance(const TokenHistory& text);
  // Forgets all but the first `num_tokens` of the answer.
  void Truncate(int64_t num_tokens);

  // Where the prediction goes on; none when the answer is elsewhere, or at its
  // end. match_length: tokens that agreed, 0 at the very beginning.
  std::optional<Match> Place() const;
  // The first word behind the marks that Place() is at, where those may have
  // gone with the word that was replaced.
  std::optional<int64_t> PlacePastMarks() const;

  // Words that begin among the tokens that agreed; kMostWords: or more.
  int NumAgreedWords() const;

  absl::Span<const int32_t> prediction() const { return prediction_.tokens(); }
  // Of the answer.
  int64_t num_tokens() const { return states_.size() - 1; }

 private:
  struct State {
    Match place;
    int64_t parted = 0;      // where the answer left the prediction
    int64_t num_off = 0;     // tokens of the answer since; 0: it has not
    int64_t num_put_in = 0;  // of those, that stand in place of none
    int64_t past_marks = 0;  // PlacePastMarks(); 0: none

    // Where the answer would be had it put each other token in place of one.
    int64_t Counted() const { return parted + num_off - num_put_in; }
  };

  // The place is known, and not only counted on from where the two parted.
  static bool IsKnown(const State& state) {
    return state.place.match_length > 0 || state.num_off <= 1;
  }
  void PartFrom(const TokenHistory& text, State& state) const;
  // The token stands in place of a whole word if it starts one.
  void ReplaceWord(int32_t token, State& state) const;
  std::optional<Match> Nearby(const TokenHistory& text,
                              const State& state) const;

  bool IsPutIn(int32_t token, int64_t place) const;

  PredictedText prediction_;
  const TokenClasses* const classes_;
  // After each number of tokens; 48 bytes a token of the answer.
  std::vector<State> states_ = {{}};
};

}  // namespace tessera::speculation
