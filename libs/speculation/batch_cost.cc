#include "libs/speculation/batch_cost.h"

#include <algorithm>

#include "absl/numeric/bits.h"
#include "libs/base/check.h"

namespace tessera::speculation {

int BatchCost::ClassOf(int num_sequences) {
  CHECK(num_sequences >= 1) << num_sequences;
  const int width = absl::bit_width(static_cast<uint32_t>(num_sequences - 1));
  return std::min(width, kNumClasses - 1);
}

void BatchCost::Observe(int num_sequences, int64_t num_tokens,
                        absl::Duration duration) {
  PassCost& cost = costs_[ClassOf(num_sequences)];
  if (!cost.is_known()) {
    const PassCost* nearest = Find(num_sequences);
    if (nearest != nullptr) cost = nearest->LessCertain();
  }
  cost.Observe(num_tokens, duration);
}

const PassCost* BatchCost::Find(int num_sequences) const {
  const int wanted = ClassOf(num_sequences);
  for (int distance = 0; distance < kNumClasses; ++distance) {
    for (const int i : {wanted - distance, wanted + distance}) {
      if (0 <= i && i < kNumClasses && costs_[i].is_known()) return &costs_[i];
    }
  }
  return nullptr;
}

}  // namespace tessera::speculation
