// A text through the oracle and the candidates: teacher-forced, window by
// window.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tools/accuracy/logit_comparison.h"
#include "tools/cli/sequence_model.h"

namespace tessera::accuracy {

struct TextWindows {
  int window_len = 1024;  // tokens, at least 2
  std::optional<int32_t>
      bos;  // first in each window, where a model asks for it
};

// Cuts `tokens` into consecutive windows, each alone in its model, and compares
// what follows every token of a window but its last. The last window may be
// shorter; a single token is dropped. Returns one comparison a candidate. The
// oracle runs once, 64 rows of logits at a time. `progress` is called with the
// number of rows done. InvalidArgument: no two tokens, or a window that a model
// can't hold; DataLoss as LogitComparison::Add's, naming the token's position.
absl::StatusOr<std::vector<LogitComparison>> CompareOnText(
    absl::Span<const int32_t> tokens, const TextWindows& windows,
    cli::SequenceModel* oracle,
    absl::Span<cli::SequenceModel* const> candidates,
    absl::FunctionRef<void(int64_t)> progress);

}  // namespace tessera::accuracy
