#include "tests/equivalence/expected_logits.h"

#include <cmath>
#include <cstring>

#include "absl/strings/str_format.h"
#include "libs/base/check.h"

namespace tessera::equivalence {

ExpectedLogits::ExpectedLogits(absl::Span<const std::vector<int32_t>> texts) {
  for (const std::vector<int32_t>& text : texts) {
    rows_.emplace_back(text.size());
  }
}

void ExpectedLogits::Remember(size_t text, int64_t position,
                              absl::Span<const float> logits) {
  for (const float logit : logits) {
    CHECK(std::isfinite(logit)) << "text " << text << ", position " << position;
  }
  rows_[text][position].assign(logits.begin(), logits.end());
}

void ExpectedLogits::Compare(size_t text, int64_t position,
                             absl::Span<const float> logits) {
  const std::vector<float>& want = rows_[text][position];
  CHECK(want.size() == logits.size());
  ++num_compared_;
  if (std::memcmp(want.data(), logits.data(), 4 * want.size()) == 0) return;
  ++num_different_;
  if (!first_difference_.empty()) return;
  size_t i = 0;
  while (std::memcmp(&want[i], &logits[i], 4) == 0) ++i;
  first_difference_ =
      absl::StrFormat("text %d, position %d, token %d: %.9g for %.9g", text,
                      position, i, logits[i], want[i]);
}

void ExpectedLogits::ClearCounts() {
  num_compared_ = num_different_ = 0;
  first_difference_.clear();
}

}  // namespace tessera::equivalence
