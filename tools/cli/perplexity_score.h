// Perplexity of a text: the exponential of the mean negative log-likelihood of
// its tokens, in natural units.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tools/cli/sequence_model.h"

namespace tessera::cli {

struct PerplexityScore {
  int64_t num_windows = 0;
  int64_t num_scored = 0;  // tokens
  double sum_nll = 0;      // nats

  double Perplexity() const;
};

// Scores consecutive windows of `window_len` tokens, each alone in the model:
// every token of a window but its first, given those before it. The incomplete
// last window is dropped. With `bos`, each window is that token and then
// window_len - 1 of the text. `progress` is called after each window.
// InvalidArgument: fewer tokens than one window, a window of fewer than 2
// tokens or longer than the model's context. DataLoss: logits that are NaN.
absl::StatusOr<PerplexityScore> ScorePerplexity(
    absl::Span<const int32_t> tokens, int window_len,
    std::optional<int32_t> bos, SequenceModel* model,
    absl::FunctionRef<void(const PerplexityScore&)> progress);

}  // namespace tessera::cli
