#include "libs/speculation/prompt_lookup.h"

#include "libs/base/check.h"

namespace tessera::speculation {

PromptLookup::PromptLookup(absl::Span<const int32_t> prompt,
                           absl::Span<const int32_t> prediction,
                           const TokenClasses* classes)
    : num_prompt_tokens_(prompt.size()), classes_(classes) {
  index_.Append(prompt);
  if (!prediction.empty()) tracker_.emplace(prediction, classes);
}

void PromptLookup::Append(int32_t token) {
  index_.Append(token);
  if (tracker_.has_value()) tracker_->Advance(index_.text());
}

void PromptLookup::Truncate(int64_t num_tokens) {
  CHECK(num_prompt_tokens_ <= num_tokens && num_tokens <= this->num_tokens())
      << num_tokens;
  index_.Truncate(num_tokens);
  if (tracker_.has_value()) tracker_->Truncate(num_tokens - num_prompt_tokens_);
}

std::optional<Proposal> PromptLookup::FromText(int max_tokens) const {
  const std::optional<Match> match = index_.LongestMatch();
  if (!match.has_value() || max_tokens <= 0) return std::nullopt;
  Proposal proposal = {.match_length = match->match_length};
  proposal.tokens.reserve(max_tokens);
  const absl::Span<const int32_t> text = index_.text().tokens();
  for (int64_t i = match->next; i < match->next + max_tokens; ++i) {
    proposal.tokens.push_back(
        i < text.size() ? text[i] : proposal.tokens[i - text.size()]);
  }
  return proposal;
}

std::vector<Proposal> PromptLookup::FromPrediction(int max_tokens) const {
  if (!tracker_.has_value() || max_tokens <= 0) return {};
  const std::optional<Match> place = tracker_->Place();
  if (!place.has_value()) return {};
  const int num_words = tracker_->NumAgreedWords();
  const auto proposal = [&](int64_t next, ReplacedWord replaced) {
    const absl::Span<const int32_t> tokens =
        tracker_->prediction().subspan(next, max_tokens);
    Proposal proposal = {.tokens = {tokens.begin(), tokens.end()},
                         .match_length = place->match_length,
                         .match_words = num_words,
                         .replaced = replaced};
    for (const int32_t token : tokens) {
      proposal.classes.push_back(classes_->Of(token));
    }
    return proposal;
  };
  const std::optional<int64_t> past_marks = tracker_->PlacePastMarks();
  if (!past_marks.has_value()) {
    return {proposal(place->next, ReplacedWord::kNone)};
  }
  return {proposal(place->next, ReplacedWord::kAtMarks),
          proposal(*past_marks, ReplacedWord::kPastMarks)};
}

}  // namespace tessera::speculation
