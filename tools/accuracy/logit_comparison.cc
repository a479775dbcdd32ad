#include "tools/accuracy/logit_comparison.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::accuracy {
namespace {

absl::Status CheckFinite(absl::Span<const float> logits) {
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!std::isfinite(logits[i])) {
      return absl::DataLossError(
          absl::StrCat("the logit of token ", i, " is ", logits[i]));
    }
  }
  return absl::OkStatus();
}

size_t IndexOfLargest(absl::Span<const float> logits) {
  return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

}  // namespace

absl::StatusOr<OracleRow> OracleRow::Create(absl::Span<const float> logits) {
  if (logits.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat(logits.size(), " logits: at least 2 have an order"));
  }
  RETURN_IF_ERROR(CheckFinite(logits));
  OracleRow row;
  row.logits = logits;
  const size_t top = IndexOfLargest(logits);
  row.top_token = static_cast<int32_t>(top);
  const double max = logits[top];
  row.probabilities.resize(logits.size());
  double sum = 0;
  float second = -INFINITY;
  for (size_t i = 0; i < logits.size(); ++i) {
    row.probabilities[i] = std::exp(logits[i] - max);
    sum += row.probabilities[i];
    if (i != top) second = std::max(second, logits[i]);
  }
  for (double& probability : row.probabilities) probability /= sum;
  row.log_normalizer = max + std::log(sum);
  row.margin = max - second;
  return row;
}

absl::Status LogitComparison::Add(const OracleRow& oracle,
                                  absl::Span<const float> candidate,
                                  int32_t next_token) {
  if (candidate.size() != oracle.logits.size() || next_token < 0 ||
      next_token >= candidate.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(candidate.size(), " logits and next token ", next_token,
                     " beside the oracle's ", oracle.logits.size(), " logits"));
  }
  RETURN_IF_ERROR(CheckFinite(candidate));
  const size_t top = IndexOfLargest(candidate);
  const double max = candidate[top];
  double sum = 0;
  // The mean of (oracle logit - candidate logit) under the oracle: the
  // divergence up to the two normalizers.
  double expected_difference = 0;
  for (size_t i = 0; i < candidate.size(); ++i) {
    sum += std::exp(candidate[i] - max);
    const double difference = double{oracle.logits[i]} - candidate[i];
    expected_difference += oracle.probabilities[i] * difference;
    sum_difference_ += std::fabs(difference);
    max_difference_ = std::max(max_difference_, std::fabs(difference));
  }
  const double log_normalizer = max + std::log(sum);
  const double kl =
      expected_difference - oracle.log_normalizer + log_normalizer;
  sum_kl_ += kl;
  max_kl_ = std::max(max_kl_, kl);
  sum_oracle_nll_ += oracle.log_normalizer - oracle.logits[next_token];
  sum_candidate_nll_ += log_normalizer - candidate[next_token];
  num_agreeing_ += top == oracle.top_token;
  num_logits_ += candidate.size();
  ++num_rows_;
  return absl::OkStatus();
}

double LogitComparison::MeanOfRows(double sum) const {
  return num_rows_ > 0 ? sum / num_rows_ : 0;
}

double LogitComparison::OraclePerplexity() const {
  return num_rows_ > 0 ? std::exp(MeanOfRows(sum_oracle_nll_)) : 0;
}

double LogitComparison::CandidatePerplexity() const {
  return num_rows_ > 0 ? std::exp(MeanOfRows(sum_candidate_nll_)) : 0;
}

double LogitComparison::PerplexityExcess() const {
  return std::expm1(MeanOfRows(sum_candidate_nll_ - sum_oracle_nll_));
}

double LogitComparison::MeanKlDivergence() const { return MeanOfRows(sum_kl_); }

double LogitComparison::Top1Agreement() const {
  return MeanOfRows(num_agreeing_);
}

double LogitComparison::MeanAbsDifference() const {
  return num_logits_ > 0 ? sum_difference_ / num_logits_ : 0;
}

}  // namespace tessera::accuracy
