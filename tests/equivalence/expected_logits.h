// ExpectedLogits: remembers the logits of texts, and compares others bit for
// bit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace tessera::equivalence {

class ExpectedLogits {
 public:
  explicit ExpectedLogits(absl::Span<const std::vector<int32_t>> texts);

  // CHECK: the logits are finite.
  void Remember(size_t text, int64_t position, absl::Span<const float> logits);

  void Compare(size_t text, int64_t position, absl::Span<const float> logits);

  // Of the comparisons so far.
  int64_t num_compared() const { return num_compared_; }
  int64_t num_different() const { return num_different_; }
  // "text 1, position 17, token 5: 0.25 for 0.2500001"; empty where all agree.
  const std::string& first_difference() const { return first_difference_; }
  void ClearCounts();

 private:
  std::vector<std::vector<std::vector<float>>> rows_;  // [text][position]
  int64_t num_compared_ = 0;
  int64_t num_different_ = 0;
  std::string first_difference_;
};

}  // namespace tessera::equivalence
