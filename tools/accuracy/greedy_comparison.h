// Greedy answers: the candidate's beside the oracle's.
//
// Two right implementations that round differently answer alike until the
// oracle itself hardly prefers one token to the next; from there on the texts
// are different texts, and comparing them says nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tools/cli/sequence_model.h"

namespace tessera::accuracy {

// Where an answer leaves the oracle's.
struct GreedyDifference {
  int index = 0;  // in the answer
  int32_t oracle_token = 0;
  int32_t candidate_token = 0;
  double margin = 0;  // of the oracle's largest logit there over the second
};

struct GreedyComparison {
  int num_tokens = 0;  // of the candidate's answer
  std::optional<GreedyDifference> difference;

  // Equal to the end, or up to a difference where the oracle's margin is under
  // `near_tie_margin`.
  bool Passes(double near_tie_margin) const {
    return !difference || difference->margin < near_tie_margin;
  }
};

// The model's likeliest continuation of `prompt`: up to `max_tokens`, or to an
// end token, which is included. InvalidArgument: no prompt. ResourceExhausted:
// the model's context is full.
absl::StatusOr<std::vector<int32_t>> AnswerGreedily(
    absl::Span<const int32_t> prompt, int max_tokens,
    absl::FunctionRef<bool(int32_t)> is_end, cli::SequenceModel* model);

// Finds the first token of `answer` that the oracle would not have chosen after
// `prompt` and the tokens before. One pass over the answer: up to there both
// texts are the same, and a forward pass has the same bits however it is cut.
absl::StatusOr<GreedyComparison> CompareAnswer(absl::Span<const int32_t> prompt,
                                               absl::Span<const int32_t> answer,
                                               cli::SequenceModel* oracle);

// Both for each candidate. The oracle reads answers that are equal once.
absl::StatusOr<std::vector<GreedyComparison>> CompareAnswers(
    absl::Span<const int32_t> prompt, int max_tokens,
    absl::FunctionRef<bool(int32_t)> is_end, cli::SequenceModel* oracle,
    absl::Span<cli::SequenceModel* const> candidates);

}  // namespace tessera::accuracy
