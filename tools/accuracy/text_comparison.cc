#include "tools/accuracy/text_comparison.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::accuracy {
namespace {

using cli::SequenceModel;

// Rows of the oracle's logits held at a time, with their probabilities: 38 MB
// for a vocabulary of 49,152.
constexpr int64_t kHeldRows = 64;

// A stretch of a window: inputs, and the token that follows each of them.
struct Stretch {
  absl::Span<const int32_t> tokens;
  absl::Span<const int32_t> next_tokens;
};

class TextComparer {
 public:
  TextComparer(SequenceModel* oracle,
               absl::Span<SequenceModel* const> candidates)
      : oracle_(oracle),
        candidates_(candidates),
        comparisons_(candidates.size()),
        logits_(kHeldRows * oracle->vocab_size()) {}

  void StartWindow() {
    oracle_->Truncate(0);
    for (SequenceModel* candidate : candidates_) candidate->Truncate(0);
  }

  absl::Status Compare(const Stretch& stretch) {
    RETURN_IF_ERROR(RunOracle(stretch.tokens));
    for (size_t c = 0; c < candidates_.size(); ++c) {
      absl::Status first_error;
      RETURN_IF_ERROR(candidates_[c]->ExtendAndScore(
          stretch.tokens, [&](int64_t i, absl::Span<const float> logits) {
            first_error.Update(
                comparisons_[c].Add(rows_[i], logits, stretch.next_tokens[i]));
          }));
      RETURN_IF_ERROR(first_error);
    }
    return absl::OkStatus();
  }

  std::vector<LogitComparison> TakeComparisons() {
    return std::move(comparisons_);
  }

 private:
  absl::Status RunOracle(absl::Span<const int32_t> tokens) {
    rows_.clear();
    absl::Status first_error;
    RETURN_IF_ERROR(oracle_->ExtendAndScore(tokens, [&](int64_t i,
                                                        absl::Span<const float>
                                                            logits) {
      float* held = logits_.data() + i * logits.size();
      std::copy(logits.begin(), logits.end(), held);
      absl::StatusOr<OracleRow> row = OracleRow::Create({held, logits.size()});
      first_error.Update(row.status());
      if (row.ok()) rows_.push_back(*std::move(row));
    }));
    return first_error;
  }

  SequenceModel* const oracle_;
  const absl::Span<SequenceModel* const> candidates_;
  std::vector<LogitComparison> comparisons_;
  std::vector<float> logits_;  // [kHeldRows, vocab_size], the oracle's
  std::vector<OracleRow> rows_;
};

}  // namespace

absl::StatusOr<std::vector<LogitComparison>> CompareOnText(
    absl::Span<const int32_t> tokens, const TextWindows& windows,
    SequenceModel* oracle, absl::Span<SequenceModel* const> candidates,
    absl::FunctionRef<void(int64_t)> progress) {
  const int64_t num_bos = windows.bos ? 1 : 0;
  if (windows.window_len < 2 || tokens.size() + num_bos < 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a text of ", tokens.size(), " tokens in windows of ",
        windows.window_len, ": nothing to compare, 2 is the least of both"));
  }
  TextComparer comparer(oracle, candidates);
  std::vector<int32_t> window;
  int64_t num_rows = 0;
  const int64_t step = windows.window_len - num_bos;
  for (int64_t begin = 0; begin + 1 < num_bos + tokens.size(); begin += step) {
    const absl::Span<const int32_t> part = tokens.subspan(begin, step);
    window.clear();
    if (windows.bos) window.push_back(*windows.bos);
    window.insert(window.end(), part.begin(), part.end());
    comparer.StartWindow();
    const absl::Span<const int32_t> all = window;
    for (size_t i = 0; i + 1 < all.size(); i += kHeldRows) {
      const absl::Span<const int32_t> next = all.subspan(i + 1, kHeldRows);
      RETURN_IF_ERROR(
          Annotate(comparer.Compare({all.subspan(i, next.size()), next}),
                   absl::StrCat("from token ", begin + i, " of the text")));
      num_rows += next.size();
      progress(num_rows);
    }
  }
  return comparer.TakeComparisons();
}

}  // namespace tessera::accuracy
