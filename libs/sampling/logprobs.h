// Log-probabilities under the model itself: the logits as it gave them, before
// any processor (vLLM's raw_logprobs).
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "libs/sampling/scratch.h"
#include "libs/sampling/vocabulary_kernels.h"

namespace tessera::sampling {

struct TokenLogprob {
  int32_t token;
  float logprob;  // natural; -inf where the logit is NaN or -inf
};

struct Logprobs {
  TokenLogprob chosen;
  std::vector<TokenLogprob> top;  // falling; the lower id first among equals
};

// log softmax of `logits` [vocab_size] at token `chosen` and at the `num_top`
// likeliest (fewer where fewer are finite). The sum behind it is of integers
// (vocabulary_kernels.h): the same bits however it is computed, within 1e-6 of
// the exact value relative to max(1, |logprob|). +inf counts as the largest
// float. DataLoss: every logit is NaN or -inf.
absl::StatusOr<Logprobs> ComputeLogprobs(
    absl::Span<const float> logits, int32_t chosen, int32_t num_top,
    SamplingScratch* scratch, const VocabularyKernels& kernels = BestKernels());

// The lowest token among those of the largest logit. Errors as above.
absl::StatusOr<int32_t> Argmax(
    absl::Span<const float> logits,
    const VocabularyKernels& kernels = BestKernels());

}  // namespace tessera::sampling
