#include "tools/accuracy/greedy_comparison.h"

#include <map>

#include "libs/base/status_macros.h"
#include "libs/sampling/logprobs.h"
#include "tools/accuracy/logit_comparison.h"

namespace tessera::accuracy {
namespace {

absl::Status CheckPrompt(absl::Span<const int32_t> prompt) {
  if (prompt.empty()) {
    return absl::InvalidArgumentError("the prompt has no tokens");
  }
  return absl::OkStatus();
}

// Compares answer[index] with what these logits of the oracle choose.
absl::Status CompareToken(absl::Span<const int32_t> answer, int64_t index,
                          absl::Span<const float> logits,
                          GreedyComparison* comparison) {
  if (comparison->difference) return absl::OkStatus();
  ASSIGN_OR_RETURN(const OracleRow row, OracleRow::Create(logits));
  if (row.top_token != answer[index]) {
    comparison->difference = {.index = static_cast<int>(index),
                              .oracle_token = row.top_token,
                              .candidate_token = answer[index],
                              .margin = row.margin};
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<int32_t>> AnswerGreedily(
    absl::Span<const int32_t> prompt, int max_tokens,
    absl::FunctionRef<bool(int32_t)> is_end, cli::SequenceModel* model) {
  RETURN_IF_ERROR(CheckPrompt(prompt));
  std::vector<int32_t> answer;
  model->Truncate(0);
  ASSIGN_OR_RETURN(absl::Span<const float> logits, model->Extend(prompt));
  while (answer.size() < max_tokens) {
    ASSIGN_OR_RETURN(const int32_t token, sampling::Argmax(logits));
    answer.push_back(token);
    if (is_end(token) || answer.size() == max_tokens) break;
    ASSIGN_OR_RETURN(logits, model->Extend({token}));
  }
  return answer;
}

absl::StatusOr<GreedyComparison> CompareAnswer(absl::Span<const int32_t> prompt,
                                               absl::Span<const int32_t> answer,
                                               cli::SequenceModel* oracle) {
  RETURN_IF_ERROR(CheckPrompt(prompt));
  GreedyComparison comparison;
  comparison.num_tokens = static_cast<int>(answer.size());
  if (answer.empty()) return comparison;
  oracle->Truncate(0);
  ASSIGN_OR_RETURN(const absl::Span<const float> logits,
                   oracle->Extend(prompt));
  RETURN_IF_ERROR(CompareToken(answer, 0, logits, &comparison));
  absl::Status first_error;
  RETURN_IF_ERROR(oracle->ExtendAndScore(
      answer.first(answer.size() - 1),
      [&](int64_t i, absl::Span<const float> row) {
        first_error.Update(CompareToken(answer, i + 1, row, &comparison));
      }));
  RETURN_IF_ERROR(first_error);
  return comparison;
}

absl::StatusOr<std::vector<GreedyComparison>> CompareAnswers(
    absl::Span<const int32_t> prompt, int max_tokens,
    absl::FunctionRef<bool(int32_t)> is_end, cli::SequenceModel* oracle,
    absl::Span<cli::SequenceModel* const> candidates) {
  std::vector<GreedyComparison> comparisons;
  std::map<std::vector<int32_t>, GreedyComparison> known;
  for (cli::SequenceModel* candidate : candidates) {
    ASSIGN_OR_RETURN(const std::vector<int32_t> answer,
                     AnswerGreedily(prompt, max_tokens, is_end, candidate));
    auto found = known.find(answer);
    if (found == known.end()) {
      ASSIGN_OR_RETURN(const GreedyComparison comparison,
                       CompareAnswer(prompt, answer, oracle));
      found = known.emplace(answer, comparison).first;
    }
    comparisons.push_back(found->second);
  }
  return comparisons;
}

}  // namespace tessera::accuracy
