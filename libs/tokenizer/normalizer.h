// Rewrites a text before it is cut into words.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "libs/tokenizer/tokenizer_spec.h"

namespace tessera::tokenizer {

class Normalizer {
 public:
  explicit Normalizer(std::vector<NormalizerStep> steps);

  // The normalized text: `text` itself if nothing changes, else a view of
  // *scratch. `text` is valid UTF-8 and so is what comes back.
  absl::string_view Apply(absl::string_view text, std::string* scratch) const;

 private:
  std::vector<NormalizerStep> steps_;
};

}  // namespace tessera::tokenizer
