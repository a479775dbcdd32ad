// Drafter: guesses the next tokens of running answers, as many as pay.
//
//   for each step:
//     drafter.Draft(sequences, ...)       gives the scheduler drafts
//     schedule, one pass, draw
//     drafter.PassComputed(...)
//     for each draft: drafter.Verified(id, ...)
//     for each new token: drafter.Append(id, token)
//
// What is drafted never changes an answer: the target draws each token as it
// would without (libs/speculation/acceptance.h). One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/sampling/sampler.h"
#include "libs/scheduling/scheduler.h"
#include "libs/speculation/draft_length.h"
#include "libs/speculation/prompt_lookup.h"
#include "libs/speculation/token_classes.h"
#include "services/verifier/drafting/draft_model.h"
#include "services/verifier/options.h"

namespace tessera::verifier {

// A sequence that the next pass is to give one token.
// All of it outlives the call.
struct DraftableSequence {
  scheduling::SequenceId id = 0;
  int64_t max_tokens = 0;  // that a draft may have; 0: none
  absl::Span<const int32_t> tokens;
  const sampling::Sampler* sampler = nullptr;
  absl::string_view cache_salt;
};

class Drafter {
 public:
  // CHECK: options.speculation is not kOff.
  // `classes` is the vocabulary's. `model` may be null.
  Drafter(const VerifierOptions& options, speculation::TokenClasses classes,
          std::unique_ptr<DraftModel> model);

  // An answer to `prompt` begins. `prediction` may be empty.
  void Begin(scheduling::SequenceId id, absl::Span<const int32_t> prompt,
             absl::Span<const int32_t> prediction);
  // A token joined it.
  void Append(scheduling::SequenceId id, int32_t token);
  // It is over, or will not be drafted for any more. Unknown ids are ignored.
  void End(scheduling::SequenceId id);

  // Gives `scheduler` drafts for the next pass, which will also compute about
  // `num_other_tokens`, of prompts. Sequences that never began have none.
  void Draft(absl::Span<const DraftableSequence> sequences,
             int64_t num_other_tokens, scheduling::Scheduler* scheduler);

  // A pass took so long, of `num_sequences` that got one token and
  // `num_tokens` in all.
  void PassComputed(int num_sequences, int64_t num_tokens,
                    absl::Duration duration);

  // `num_drafted` tokens of the sequence's latest draft were computed, and the
  // first `num_accepted` were right. Says where they were from.
  speculation::DraftSource Verified(scheduling::SequenceId id, int num_drafted,
                                    int num_accepted);

 private:
  struct Answer {
    std::optional<speculation::PromptLookup> lookup;
    DraftModelState model_state;
    speculation::AcceptanceHistory history;
    // Of the step under way.
    std::vector<speculation::DraftCandidate> candidates;
    std::vector<speculation::Proposal> proposals;  // of the first candidates
    speculation::DraftChoice choice;
  };

  // One sequence of a step; no answer: it never began.
  struct Pick {
    const DraftableSequence* sequence = nullptr;
    Answer* answer = nullptr;
  };

  void FindCandidates(const DraftableSequence& sequence, Answer* answer) const;
  void AskModel(absl::Span<const Pick> picks, int num_sequences,
                scheduling::Scheduler* scheduler);

  const bool looks_up_;
  const int max_draft_tokens_;
  const speculation::TokenClasses classes_;
  const std::unique_ptr<DraftModel> model_;
  speculation::DraftLength lengths_;
  absl::flat_hash_map<scheduling::SequenceId, std::unique_ptr<Answer>> answers_;
};

}  // namespace tessera::verifier
