#include "tools/cli/perplexity_score.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/sampling/logprobs.h"

namespace tessera::cli {
namespace {

absl::Status ScoreWindow(absl::Span<const int32_t> window, int num_unscored,
                         SequenceModel* model, PerplexityScore* score) {
  model->Truncate(0);
  sampling::SamplingScratch scratch;
  absl::Status status;
  // The last token is scored, but nothing that follows it is.
  RETURN_IF_ERROR(model->ExtendAndScore(
      window.first(window.size() - 1),
      [&](int64_t i, absl::Span<const float> logits) {
        if (i + 1 < num_unscored) return;
        const absl::StatusOr<sampling::Logprobs> logprobs =
            sampling::ComputeLogprobs(logits, window[i + 1], 0, &scratch);
        if (logprobs.ok()) {
          score->sum_nll -= logprobs->chosen.logprob;
        } else {
          status = logprobs.status();
        }
      }));
  score->num_scored += window.size() - num_unscored;
  ++score->num_windows;
  return status;
}

}  // namespace

double PerplexityScore::Perplexity() const {
  return num_scored > 0 ? std::exp(sum_nll / num_scored) : 0;
}

absl::StatusOr<PerplexityScore> ScorePerplexity(
    absl::Span<const int32_t> tokens, const PerplexityWindows& windows,
    SequenceModel* model,
    absl::FunctionRef<void(const PerplexityScore&)> progress) {
  if (windows.len < 2 || windows.len > model->context_len()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a window must be of 2 to ", model->context_len(),
                     " tokens (the model's context), not ", windows.len));
  }
  if (windows.num_unscored < 1 || windows.num_unscored >= windows.len) {
    return absl::InvalidArgumentError(
        absl::StrCat("the unscored tokens of a window must be 1 to ",
                     windows.len - 1, ", not ", windows.num_unscored));
  }
  const size_t step = windows.len - (windows.bos ? 1 : 0);
  if (tokens.size() < step) {
    return absl::InvalidArgumentError(
        absl::StrCat("the text has ", tokens.size(),
                     " tokens: fewer than one window of ", windows.len));
  }
  PerplexityScore score;
  std::vector<int32_t> window;
  for (size_t begin = 0; begin + step <= tokens.size(); begin += step) {
    window.clear();
    if (windows.bos) window.push_back(*windows.bos);
    window.insert(window.end(), tokens.begin() + begin,
                  tokens.begin() + begin + step);
    RETURN_IF_ERROR(ScoreWindow(window, windows.num_unscored, model, &score));
    progress(score);
  }
  return score;
}

}  // namespace tessera::cli
