#include "libs/sampling/finite.h"

#include <limits>

#include "absl/status/status.h"

namespace tessera::sampling {

absl::StatusOr<Logits> WithFiniteMax(const VocabularyKernels& kernels,
                                     absl::Span<const float> values,
                                     float scale, std::vector<float>* buffer) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Logits logits{values.data(), values.size(),
                kernels.max(values.data(), values.size()), scale};
  if (logits.max == -kInfinity) {
    return absl::DataLossError(
        "every logit is NaN or -inf: the model's weights or activations are "
        "broken");
  }
  if (logits.max == kInfinity) {
    if (buffer->data() != values.data()) {
      buffer->assign(values.begin(), values.end());
    }
    logits.max = std::numeric_limits<float>::max();
    for (float& x : *buffer) {
      if (x == kInfinity) x = logits.max;
    }
    logits.values = buffer->data();
  }
  return logits;
}

}  // namespace tessera::sampling
