// How many tokens of a draft the target keeps, and what it says instead of the
// next one.
//
// k draft tokens were verified in one forward pass, which gave the target's
// logits at k + 1 positions: row i is of the position of draft token i, given
// all draft tokens before it; row k is behind the draft.
//
//   draft     d0  d1  d2  d3
//   target    r0  r1  r2  r3  r4
//   verdict   d0  d1  x            num_accepted 2, next_token x from r2
//   verdict   d0  d1  d2  d3  x    num_accepted 4, x the bonus token from r4
//
// Two rules. Under the match rule the answer is the one without drafts, token
// by token; under the rejection rule it has the same distribution.
// README.md compares how much they accept.
#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tessera::speculation {

struct Verdict {
  int num_accepted = 0;    // draft tokens kept, from the first on
  int32_t next_token = 0;  // the target's own, behind them
};

// The match rule: a draft token is kept if and only if it is the token that the
// target draws there. draw(i) is that token, of row i; it is called for 0, 1,
// ..., num_accepted, once each, so that the caller can tell its sampler of each
// token before the next draw. Returns the first error of `draw`.
absl::StatusOr<Verdict> AcceptMatching(
    absl::Span<const int32_t> draft_tokens,
    absl::FunctionRef<absl::StatusOr<int32_t>(int index)> draw);

// Uniform numbers in [0, 1), functions of (seed, position) at the caller's.
struct RejectionNoise {
  double accept = 0;
  double choose = 0;
};

// k num_draft_tokens, V vocab_size
//   draft_tokens          [k]       drawn from draft_probabilities
//   draft_probabilities   [k, V]    what the draft model drew from
//   target_probabilities  [k+1, V]  what the target would draw from: after
//                                   temperature, penalties and cuts
//   noise                 [k+1]     of each position
// A row of probabilities need not sum to exactly 1.
struct RejectionInput {
  absl::Span<const int32_t> draft_tokens;
  absl::Span<const float> draft_probabilities;
  absl::Span<const float> target_probabilities;
  absl::Span<const RejectionNoise> noise;
};

// The rejection rule: with q the draft's and p the target's distribution, a
// draft token x is kept with chance min(1, p(x) / q(x)); after the first
// refusal the next token is drawn from max(0, p - q), normalized, and behind a
// draft wholly kept, from p. The tokens are then distributed as the target's,
// if the draft's were drawn from q independently of the noise.
//
// InvalidArgument: the sizes disagree; a draft token is outside the vocabulary,
// or its probability is not above 0; a row that is drawn from has none above 0.
// Source: Leviathan et al. 2023, Fast Inference from Transformers via
// Speculative Decoding, algorithm 1.
absl::StatusOr<Verdict> AcceptOrResample(const RejectionInput& input);

// One row of that: the draft token if it is kept, and else another. For a
// caller whose rows come one by one, as they depend on the tokens before.
//   draft_probabilities   [V], or empty for a draft that is certain of its
//   token target_probabilities  [V]
// A draft token that was drawn, but from what is not known, may be said to be
// certain: given any token, the next one is distributed as the target's, and
// only fewer are kept.
absl::StatusOr<int32_t> KeepOrResample(
    int32_t draft_token, absl::Span<const float> draft_probabilities,
    absl::Span<const float> target_probabilities, const RejectionNoise& noise);

}  // namespace tessera::speculation
