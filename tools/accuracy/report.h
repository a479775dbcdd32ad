// Tables of what was compared: a column a candidate.
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/accuracy/bounds.h"
#include "tools/accuracy/greedy_comparison.h"
#include "tools/accuracy/logit_comparison.h"

namespace tessera::accuracy {

// One comparison for each of `names`.
std::string TextTable(absl::Span<const std::string> names,
                      absl::Span<const LogitComparison> comparisons,
                      const AccuracyBounds& bounds);

// The answers to one prompt, one for each candidate.
struct AnswerLine {
  std::string prompt;
  std::vector<GreedyComparison> comparisons;
};

// "equal 64": the whole answer. "tie @12 0.05": the first difference, at the
// answer's token 12, where the oracle's margin is 0.05. "DIFF @12 0.50": a
// difference that is no near-tie.
std::string AnswerTable(absl::Span<const std::string> names,
                        absl::Span<const AnswerLine> lines,
                        const AccuracyBounds& bounds);

// A line for each bound that a candidate misses; empty where all is well.
std::vector<std::string> TextFailures(
    absl::Span<const std::string> names,
    absl::Span<const LogitComparison> comparisons,
    const AccuracyBounds& bounds);

// A line for each answer that differs at no near-tie. `token_text` shows a
// token to the reader.
std::vector<std::string> AnswerFailures(
    absl::Span<const std::string> names, absl::Span<const AnswerLine> lines,
    const AccuracyBounds& bounds,
    absl::FunctionRef<std::string(int32_t)> token_text);

}  // namespace tessera::accuracy
