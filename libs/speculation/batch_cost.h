// BatchCost: a PassCost for each class of batch, since sixteen sequences of one
// token read sixteen caches, and one sequence of sixteen tokens reads one.
#pragma once

#include <array>
#include <cstdint>

#include "absl/time/time.h"
#include "libs/speculation/pass_cost.h"

namespace tessera::speculation {

class BatchCost {
 public:
  // A pass of `num_tokens` in all, `num_sequences` of them decoding; at
  // least 1.
  void Observe(int num_sequences, int64_t num_tokens, absl::Duration duration);

  // For batches of so many decoding sequences: learned from such, or from the
  // nearest class of which a pass was seen. Null before the first.
  const PassCost* Find(int num_sequences) const;

  // 1, 2, 3 to 4, 5 to 8, ... sequences; below kNumClasses.
  static constexpr int kNumClasses = 12;
  static int ClassOf(int num_sequences);

 private:
  std::array<PassCost, kNumClasses> costs_;
};

}  // namespace tessera::speculation
