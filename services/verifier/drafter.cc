#include "services/verifier/drafter.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"

namespace tessera::verifier {

using scheduling::SequenceId;
using speculation::DraftSource;
using speculation::Proposal;

Drafter::Drafter(const VerifierOptions& options)
    : max_draft_tokens_(options.max_draft_tokens) {
  CHECK(options.speculation != SpeculationMode::kOff);
}

void Drafter::Begin(SequenceId id, absl::Span<const int32_t> prompt,
                    absl::Span<const int32_t> prediction) {
  auto answer = std::make_unique<Answer>();
  answer->lookup.emplace(prompt, prediction);
  answers_[id] = std::move(answer);
}

void Drafter::Append(SequenceId id, int32_t token) {
  const auto found = answers_.find(id);
  if (found != answers_.end()) found->second->lookup->Append(token);
}

void Drafter::End(SequenceId id) { answers_.erase(id); }

void Drafter::FindCandidates(int64_t max_tokens, Answer* answer) const {
  answer->proposals.clear();
  answer->candidates.clear();
  answer->choice = {};
  const int most = std::min<int64_t>(max_tokens, max_draft_tokens_);
  if (most <= 0) return;
  const auto add = [&](DraftSource source, std::optional<Proposal> proposal) {
    if (!proposal.has_value()) return;
    answer->candidates.push_back(
        {.source = source,
         .match_length = proposal->match_length,
         .max_tokens = static_cast<int>(proposal->tokens.size())});
    answer->proposals.push_back(*std::move(proposal));
  };
  add(DraftSource::kPrediction, answer->lookup->FromPrediction(most));
  add(DraftSource::kText, answer->lookup->FromText(most));
}

void Drafter::Draft(absl::Span<const DraftableSequence> sequences,
                    int64_t num_other_tokens,
                    scheduling::Scheduler* scheduler) {
  static const speculation::AcceptanceHistory kNoHistory;
  std::vector<Answer*> answers;
  std::vector<speculation::DraftableSequence> draftable;
  for (const DraftableSequence& sequence : sequences) {
    const auto found = answers_.find(sequence.id);
    Answer* answer = found == answers_.end() ? nullptr : found->second.get();
    answers.push_back(answer);
    if (answer == nullptr) {
      draftable.push_back({.history = &kNoHistory});
      continue;
    }
    FindCandidates(sequence.max_tokens, answer);
    draftable.push_back(
        {.history = &answer->history, .candidates = answer->candidates});
  }
  const std::vector<speculation::DraftChoice> choices =
      lengths_.Choose(draftable, num_other_tokens);
  for (size_t i = 0; i < choices.size(); ++i) {
    if (choices[i].num_tokens == 0) continue;
    answers[i]->choice = choices[i];
    const Proposal& proposal = answers[i]->proposals[choices[i].candidate];
    scheduler->SetDraft(
        sequences[i].id,
        absl::MakeConstSpan(proposal.tokens).first(choices[i].num_tokens));
  }
}

void Drafter::PassComputed(int num_sequences, int64_t num_tokens,
                           absl::Duration duration) {
  if (num_sequences > 0) {
    lengths_.ObservePass(num_sequences, num_tokens, duration);
  }
}

DraftSource Drafter::Verified(SequenceId id, int num_drafted,
                              int num_accepted) {
  Answer& answer = *answers_.at(id);
  lengths_.ObserveVerdict(answer.choice, num_drafted, num_accepted,
                          answer.history);
  return answer.choice.source;
}

}  // namespace tessera::verifier
