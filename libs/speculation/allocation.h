// Allocate: how many tokens to draft for each sequence of a batch, so that the
// batch gets the most tokens a second.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tessera::speculation {

// The draft that one sequence could have.
struct DraftOption {
  // [most tokens]: the chance that token i is kept; never rising.
  std::vector<double> gains;
  bool uses_draft_model = false;
};

// Seconds. T = plain seconds + pass[t] - pass[0] + draft_overhead + the sum
// over steps j of draft_step[number of drafts from the model longer than j].
struct StepCosts {
  // One token a decoding sequence, nothing else.
  double plain = 0;
  // [t]: the pass that is planned, with t draft tokens; never falls.
  std::vector<double> pass;
  // [m]: a step of the draft model for m sequences; [0] is 0.
  std::vector<double> draft_step;
  double draft_overhead = 0;  // once, where the model drafts at all

  bool HasDraftModel() const { return draft_step.size() > 1; }
};

struct Allocation {
  std::vector<int> num_tokens;  // [options]
  double expected_tokens = 0;   // of the decoding sequences, drafts included
  double seconds = 0;           // T

  bool HasTokens() const;
};

// Maximizes (num_decoding + sum of the gains taken) / T over
// - the t largest gains, for every t: the best of all where no draft model is
//   used, for any curve `pass`;
// - of a draft model's, those of its first J steps alone, for several J.
// Takes nothing unless that is better than none by the factor 1 + `margin`.
// O(tokens x log tokens). Deterministic; earlier options first among equals.
// `pass` has an entry for every number of tokens up to all options', and
// `draft_step` for every number of them that use the model.
Allocation Allocate(int num_decoding, absl::Span<const DraftOption> options,
                    const StepCosts& costs, double margin);

}  // namespace tessera::speculation
