// How far a candidate's logits are from the oracle's, row by row.
//
//   LogitComparison comparison;
//   ASSIGN_OR_RETURN(const OracleRow row, OracleRow::Create(oracle_logits));
//   RETURN_IF_ERROR(comparison.Add(row, candidate_logits, next_token));
//   comparison.MeanKlDivergence() ...
//
// All sums in double: over 15,000 rows of 49,152 logits a float sum would lose
// what is being measured.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tessera::accuracy {

// The oracle's logits of one position with what every candidate needs of them.
// V vocab_size.
struct OracleRow {
  // DataLoss, naming the token: a logit is infinite or not a number.
  // InvalidArgument: fewer than two logits.
  static absl::StatusOr<OracleRow> Create(absl::Span<const float> logits);

  absl::Span<const float> logits;     // [V], the caller's
  std::vector<double> probabilities;  // [V]
  double log_normalizer = 0;          // log of the sum of exp(logits)
  int32_t top_token = 0;              // the lowest of the largest logit
  double margin = 0;                  // of the largest logit over the second
};

class LogitComparison {
 public:
  // `candidate` [V] and `next_token` belong to the same position: the text
  // goes on with that token. DataLoss as OracleRow's; then nothing is added.
  // InvalidArgument: sizes disagree or the token is outside the vocabulary.
  absl::Status Add(const OracleRow& oracle, absl::Span<const float> candidate,
                   int32_t next_token);

  int64_t num_rows() const { return num_rows_; }

  // Of the text. 0 in all figures before the first row.
  double OraclePerplexity() const;
  double CandidatePerplexity() const;
  // candidate / oracle - 1.
  double PerplexityExcess() const;

  // Mean over rows of sum_i p_i log(p_i / q_i), p the oracle's probabilities,
  // q the candidate's; nats.
  double MeanKlDivergence() const;
  double MaxKlDivergence() const { return max_kl_; }

  // Share of rows where both have the same largest logit.
  double Top1Agreement() const;

  // Of single logits.
  double MaxAbsDifference() const { return max_difference_; }
  double MeanAbsDifference() const;

 private:
  double MeanOfRows(double sum) const;

  int64_t num_rows_ = 0;
  int64_t num_agreeing_ = 0;
  int64_t num_logits_ = 0;
  double sum_oracle_nll_ = 0;
  double sum_candidate_nll_ = 0;
  double sum_kl_ = 0;
  double max_kl_ = 0;
  double sum_difference_ = 0;
  double max_difference_ = 0;
};

}  // namespace tessera::accuracy
