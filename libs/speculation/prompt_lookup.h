// PromptLookup: drafts without a model, of what one sequence's text or a given
// prediction of its answer has already.
//
//   // The prediction may be empty.
//   PromptLookup lookup(prompt, prediction, &classes);
//   for (;;) {
//     std::optional<Proposal> proposal = lookup.FromText(max_tokens);
//     ... verify; num_accepted + 1 tokens join the sequence ...
//     for (int32_t token : new_tokens) lookup.Append(token);
//   }
//
// One sequence each; not for two threads at a time. Deterministic.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "libs/speculation/draft_source.h"
#include "libs/speculation/prediction_tracker.h"
#include "libs/speculation/suffix_index.h"
#include "libs/speculation/token_classes.h"

namespace tessera::speculation {

struct Proposal {
  std::vector<int32_t> tokens;  // at least one
  // Tokens before that agree with the place that they are from: one of
  // kMatchLengths from the text; any number, 0 included, from a prediction.
  int match_length = 0;
  // Of a prediction alone.
  int match_words = 0;  // that begin among the tokens of the match
  ReplacedWord replaced = ReplacedWord::kNone;
  std::vector<TokenClass> classes = {};  // of `tokens`
};

class PromptLookup {
 public:
  // `classes`, of the vocabulary, outlives it.
  PromptLookup(absl::Span<const int32_t> prompt,
               absl::Span<const int32_t> prediction,
               const TokenClasses* classes);

  // A token joined the answer.
  void Append(int32_t token);
  // Takes back all but the first `num_tokens`, the prompt's included and never
  // taken back.
  void Truncate(int64_t num_tokens);

  // At most `max_tokens` that followed the longest match in the text so far
  // (SuffixIndex::LongestMatch). A match that overlaps the end goes round:
  // after "abcab" come "cabcab..." of any length.
  std::optional<Proposal> FromText(int max_tokens) const;

  // At most `max_tokens` of the prediction from each place where it may go on
  // (PredictionTracker), 0 to 2.
  std::vector<Proposal> FromPrediction(int max_tokens) const;

  int64_t num_tokens() const { return index_.size(); }

 private:
  SuffixIndex index_;
  int64_t num_prompt_tokens_;
  const TokenClasses* classes_;
  std::optional<PredictionTracker> tracker_;
};

}  // namespace tessera::speculation
