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

// How a text is cut: windows of `len` tokens, each alone in the model. With
// `bos`, each is that token and then len - 1 of the text.
struct PerplexityWindows {
  int len = 512;
  int num_unscored = 1;  // first tokens of a window that only give context
  std::optional<int32_t> bos;
};

// Scores consecutive windows: every token of a window but its first
// num_unscored, given those before it. The incomplete last window is dropped.
// `progress` is called after each window. InvalidArgument: fewer tokens than
// one window, a window of fewer than 2 tokens or longer than the model's
// context, num_unscored below 1 or no token left to score. DataLoss: logits
// that are NaN.
absl::StatusOr<PerplexityScore> ScorePerplexity(
    absl::Span<const int32_t> tokens, const PerplexityWindows& windows,
    SequenceModel* model,
    absl::FunctionRef<void(const PerplexityScore&)> progress);

}  // namespace tessera::cli
