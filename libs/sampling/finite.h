// What becomes of logits that are not finite.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "libs/sampling/vocabulary_kernels.h"

namespace tessera::sampling {

// Logits whose largest is finite: `values` themselves where it is, a copy in
// `buffer` with every +inf at the largest float where it is not. `buffer` may
// hold `values`. DataLoss: all NaN or -inf.
absl::StatusOr<Logits> WithFiniteMax(const VocabularyKernels& kernels,
                                     absl::Span<const float> values,
                                     float scale, std::vector<float>* buffer);

}  // namespace tessera::sampling
