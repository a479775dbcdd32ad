#include "services/verifier/drafting/drafter.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "libs/base/check.h"

namespace tessera::verifier {

using scheduling::SequenceId;
using speculation::DraftSource;
using speculation::Proposal;

Drafter::Drafter(const VerifierOptions& options,
                 speculation::TokenClasses classes,
                 std::unique_ptr<DraftModel> model)
    : looks_up_(options.speculation != SpeculationMode::kDraft),
      max_draft_tokens_(options.max_draft_tokens),
      classes_(std::move(classes)),
      model_(options.speculation == SpeculationMode::kLookup
                 ? nullptr
                 : std::move(model)) {
  CHECK(options.speculation != SpeculationMode::kOff);
}

void Drafter::Begin(SequenceId id, absl::Span<const int32_t> prompt,
                    absl::Span<const int32_t> prediction) {
  auto answer = std::make_unique<Answer>();
  if (looks_up_) answer->lookup.emplace(prompt, prediction, &classes_);
  answers_[id] = std::move(answer);
}

void Drafter::Append(SequenceId id, int32_t token) {
  const auto found = answers_.find(id);
  if (found == answers_.end() || !looks_up_) return;
  found->second->lookup->Append(token);
}

void Drafter::End(SequenceId id) {
  if (answers_.erase(id) > 0 && model_ != nullptr) model_->Release(id);
}

void Drafter::FindCandidates(const DraftableSequence& sequence,
                             Answer* answer) const {
  answer->proposals.clear();
  answer->candidates.clear();
  answer->choice = {};
  const int most = std::min<int64_t>(sequence.max_tokens, max_draft_tokens_);
  if (most <= 0) return;
  std::vector<Proposal>& proposals = answer->proposals;
  const auto add = [&](speculation::DraftKind (*kind_of)(const Proposal&),
                       Proposal proposal) {
    answer->candidates.push_back(
        {.kind = kind_of(proposal),
         .max_tokens = static_cast<int>(proposal.tokens.size())});
    proposals.push_back(std::move(proposal));
  };
  if (looks_up_) {
    for (Proposal& predicted : answer->lookup->FromPrediction(most)) {
      add(speculation::KindOfPrediction, std::move(predicted));
    }
    std::optional<Proposal> text = answer->lookup->FromText(most);
    // What both say is the prediction's, which its sender wants to know.
    const bool is_predicted =
        text.has_value() &&
        absl::c_any_of(proposals, [&](const Proposal& predicted) {
          return predicted.tokens.front() == text->tokens.front();
        });
    if (text.has_value() && !is_predicted) {
      add(speculation::KindOfText, *std::move(text));
    }
  }
  if (model_ != nullptr &&
      model_->CanDraft(answer->model_state, sequence.tokens.size())) {
    answer->candidates.push_back(
        {.kind = speculation::KindOfDraftModel(), .max_tokens = most});
  }
}

void Drafter::Draft(absl::Span<const DraftableSequence> sequences,
                    int64_t num_other_tokens,
                    scheduling::Scheduler* scheduler) {
  if (answers_.empty()) return;
  static const speculation::AcceptanceHistory kNoHistory;
  std::vector<Pick> picks;
  std::vector<speculation::DraftableSequence> draftable;
  for (const DraftableSequence& sequence : sequences) {
    const auto found = answers_.find(sequence.id);
    Answer* answer = found == answers_.end() ? nullptr : found->second.get();
    picks.push_back({&sequence, answer});
    if (answer == nullptr) {
      draftable.push_back({.history = &kNoHistory});
      continue;
    }
    FindCandidates(sequence, answer);
    draftable.push_back(
        {.history = &answer->history, .candidates = answer->candidates});
  }
  const std::vector<speculation::DraftChoice> choices =
      lengths_.Choose(draftable, num_other_tokens);
  std::vector<Pick> for_model;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (choices[i].num_tokens == 0) continue;
    Answer* answer = picks[i].answer;
    answer->choice = choices[i];
    if (choices[i].kind.source == DraftSource::kDraftModel) {
      for_model.push_back(picks[i]);
      continue;
    }
    const Proposal& proposal = answer->proposals[choices[i].candidate];
    scheduler->SetDraft(
        picks[i].sequence->id,
        absl::MakeConstSpan(proposal.tokens).first(choices[i].num_tokens));
  }
  if (!for_model.empty()) AskModel(for_model, sequences.size(), scheduler);
}

void Drafter::AskModel(absl::Span<const Pick> picks, int num_sequences,
                       scheduling::Scheduler* scheduler) {
  std::vector<ModelDraftRequest> requests;
  for (const Pick& pick : picks) {
    requests.push_back({.id = static_cast<uint64_t>(pick.sequence->id),
                        .tokens = pick.sequence->tokens,
                        .sampler = pick.sequence->sampler,
                        .cache_salt = pick.sequence->cache_salt,
                        .max_tokens = pick.answer->choice.num_tokens,
                        .state = &pick.answer->model_state});
  }
  // Something was chosen, so passes have been observed.
  const absl::Duration pass =
      absl::Seconds(lengths_.pass_cost(num_sequences)->Seconds(num_sequences));
  const std::vector<std::vector<int32_t>> drafts =
      model_->Propose(requests, pass, &lengths_);
  for (size_t i = 0; i < picks.size(); ++i) {
    scheduler->SetDraft(picks[i].sequence->id, drafts[i]);
  }
}

void Drafter::PassComputed(int num_sequences, int64_t num_tokens,
                           absl::Duration duration) {
  if (model_ != nullptr) model_->PassComputed(duration);
  if (num_sequences > 0) {
    lengths_.ObservePass(num_sequences, num_tokens, duration);
  }
}

DraftSource Drafter::Verified(SequenceId id, int num_drafted,
                              int num_accepted) {
  Answer& answer = *answers_.at(id);
  lengths_.ObserveVerdict(answer.choice, num_drafted, num_accepted,
                          answer.history);
  if (answer.choice.kind.source == DraftSource::kDraftModel) {
    model_->Saved(absl::Seconds(num_accepted * answer.choice.token_seconds));
  }
  return answer.choice.kind.source;
}

}  // namespace tessera::verifier
