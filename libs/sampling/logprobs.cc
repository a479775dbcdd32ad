#include "libs/sampling/logprobs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/sampling/finite.h"
#include "libs/sampling/gumbel.h"

namespace tessera::sampling {
namespace {

// log(sum exp(x - max)), at least 0.
double LogSum(const VocabularyKernels& kernels, const Logits& logits) {
  const uint64_t sum = kernels.sum_weights(logits, kLowestWeight);
  return PortableLog(static_cast<double>(sum)) - PortableLog(kWeightOne);
}

float LogprobOf(const Logits& logits, double log_sum, int32_t token) {
  const float x = logits.values[token];
  if (std::isnan(x)) return -std::numeric_limits<float>::infinity();
  return static_cast<float>(static_cast<double>(x) - logits.max - log_sum);
}

}  // namespace

absl::StatusOr<Logprobs> ComputeLogprobs(absl::Span<const float> logits,
                                         int32_t chosen, int32_t num_top,
                                         SamplingScratch* scratch,
                                         const VocabularyKernels& kernels) {
  CHECK(chosen >= 0 && chosen < logits.size()) << chosen;
  CHECK(num_top >= 0) << num_top;
  ASSIGN_OR_RETURN(const Logits finite,
                   WithFiniteMax(kernels, logits, 1, &scratch->logits));
  const double log_sum = LogSum(kernels, finite);
  Logprobs result{.chosen = {chosen, LogprobOf(finite, log_sum, chosen)}};
  if (num_top == 0) return result;
  SelectTop(kernels, finite, num_top, std::numeric_limits<float>::lowest(),
            &scratch->cut);
  std::vector<Candidate>& top = scratch->cut.candidates;
  std::sort(top.begin(), top.end(), Precedes);
  for (const Candidate& candidate : top) {
    result.top.push_back(
        {candidate.token, LogprobOf(finite, log_sum, candidate.token)});
  }
  return result;
}

absl::StatusOr<int32_t> Argmax(absl::Span<const float> logits,
                               const VocabularyKernels& kernels) {
  std::vector<float> buffer;
  ASSIGN_OR_RETURN(const Logits finite,
                   WithFiniteMax(kernels, logits, 1, &buffer));
  return static_cast<int32_t>(
      kernels.find(finite.values, finite.size, finite.max));
}

}  // namespace tessera::sampling
