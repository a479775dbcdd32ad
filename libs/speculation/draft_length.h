// DraftLength: how many tokens to draft for each sequence at each step, none
// included, so that the batch gets the most tokens a second.
//
// What a draft brings is expected from the sequence's own acceptance by source
// and position (acceptance_rate.h), what it costs from the passes seen
// (batch_cost.h) and from the draft model's steps; allocation.h weighs the two.
// Where a pass costs in proportion to its tokens, drafts do not pay and there
// are none.
//
// A sequence that is given no draft might deserve one by now. So there is a
// budget (probe_budget.h) from which now and then one token is drafted that is
// not expected to pay (a probe), if it would pay were it always kept. What a
// probe brought goes back into the budget: one that was kept is soon followed
// by the next. One that is its pass's only draft is paid for by what it took,
// not by what was expected.
//
//   for each step:
//     lengths.Choose(batch, num_other_tokens)  -> a choice for each sequence
//     draft (ObserveDraftStep, ObserveDraftOverhead), one pass (ObservePass),
//     accept (ObserveVerdict for each sequence that had a draft)
//
// Deterministic: a function of the calls made. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/speculation/acceptance_rate.h"
#include "libs/speculation/allocation.h"
#include "libs/speculation/batch_cost.h"
#include "libs/speculation/control_passes.h"
#include "libs/speculation/pass_cost.h"
#include "libs/speculation/probe_budget.h"

namespace tessera::speculation {

// A draft that could be had for a sequence.
struct DraftCandidate {
  DraftKind kind;
  int max_tokens = 0;  // at most so many
};

// A decoding sequence of the batch. Both pointers outlive the call.
struct DraftableSequence {
  const AcceptanceHistory* history = nullptr;
  absl::Span<const DraftCandidate> candidates;
};

struct DraftChoice {
  int num_tokens = 0;  // 0: no draft, and what follows has no meaning
  DraftKind kind;
  int candidate = 0;  // index in the sequence's candidates
  bool is_probe = false;
  double token_seconds = 0;  // what a token is worth
};

class DraftLength {
 public:
  // Drafts are expected to bring so much more than plain decoding, at least.
  static constexpr double kMargin = 0.015;
  // What draft tokens add to a pass is taken for so much more than it is
  // expected to be: the best of many uncertain lengths looks better than it is.
  static constexpr double kCaution = 1.05;
  // Drafts make the pass longer for all. A plan that makes somebody slower than
  // in plain passes by more than kMaxSlowdown has to bring kUnevenMargin: a few
  // tokens a second more for one sequence, at the cost of everybody's latency,
  // are no gain. It ends earlier, and those left behind take nearly as long as
  // if it were there (mixed batches of 4: 0.87 of plain without this bound).
  static constexpr double kMaxSlowdown = 0.2;
  static constexpr double kUnevenMargin = 0.25;

  // One choice for each sequence, in order. The pass will also have
  // `num_other_tokens`, of prompts. Nothing is drafted before the first
  // ObservePass.
  std::vector<DraftChoice> Choose(absl::Span<const DraftableSequence> sequences,
                                  int64_t num_other_tokens);

  // A pass took so long, of `num_sequences` decoding (at least 1) and
  // `num_tokens` in all: theirs, drafts and prompts.
  void ObservePass(int num_sequences, int64_t num_tokens,
                   absl::Duration duration);
  // The draft model took so long to draw one token for each of so many.
  void ObserveDraftStep(int num_sequences, absl::Duration duration);
  // What a call for drafts took beyond its steps.
  void ObserveDraftOverhead(absl::Duration duration);

  // Of a draft by `choice`, `num_drafted` tokens (1 to choice.num_tokens) were
  // verified and `num_accepted` kept. `history` is the sequence's.
  void ObserveVerdict(const DraftChoice& choice, int num_drafted,
                      int num_accepted, AcceptanceHistory& history);

  // Expected of a plain pass, for metrics; null before the first ObservePass.
  const PassCost* pass_cost(int num_sequences) const {
    return passes_.Find(num_sequences);
  }

 private:
  using Sequences = absl::Span<const DraftableSequence>;
  // A candidate of each sequence that has any.
  struct Picks {
    std::vector<int> sequences;
    std::vector<int> candidates;
    std::vector<DraftOption> options;
  };

  struct Plan {
    Picks picks;
    StepCosts costs;
    Allocation allocation;  // of picks.options
  };

  // The only draft of its pass: what it cost is known afterwards, and the
  // budget pays that, not what was expected. A pass is known at few sizes; the
  // first token of another tile may cost several times what lies between two of
  // them.
  struct LoneProbe {
    double expected_seconds = 0;
    double drafting_seconds = 0;
  };

  Picks Pick(Sequences sequences, bool allow_draft_model) const;
  StepCosts Costs(const PassCost& pass, int num_sequences,
                  int64_t num_other_tokens, const Picks& picks) const;
  Plan MakePlan(const PassCost& pass, Sequences sequences,
                int64_t num_other_tokens, bool allow_draft_model) const;
  static bool IsFair(const Plan& plan, int num_sequences);
  Plan BestPlan(const PassCost& pass, Sequences sequences,
                int64_t num_other_tokens) const;
  void Probe(Sequences sequences, int64_t num_other_tokens, const Plan& plan,
             std::vector<DraftChoice>& choices);
  void AddDraftTime(absl::Duration duration);
  void SettleProbe(int num_sequences, int64_t num_tokens, double seconds);
  DraftChoice ChoiceOf(Sequences sequences, const Plan& plan, int index,
                       int num_tokens) const;

  BatchCost passes_;
  PassCost draft_steps_;     // of a number of sequences
  PassCost draft_overhead_;  // of one call
  AcceptanceCounts everybody_;
  std::array<ControlPasses, BatchCost::kNumClasses> controls_;
  ProbeBudget budget_;
  std::optional<LoneProbe> lone_probe_;  // of the step under way
  int64_t step_ = 0;
};

}  // namespace tessera::speculation
