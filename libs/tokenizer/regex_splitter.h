// Cuts a text by any regular expression of a tokenizer.json, through PCRE2.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tessera::tokenizer {

// Hugging Face's regular expressions are Oniguruma's. Their \s, \d, \p{...} are
// rewritten for PCRE2, whose classes differ a little; what cannot be is
// refused.
class RegexSplitter {
 public:
  // InvalidArgument: no regular expression. Unimplemented: a construct whose
  // meaning differs between Oniguruma and PCRE2.
  static absl::StatusOr<RegexSplitter> Create(absl::string_view regex);

  // Appends the ends of the matches and of the gaps between them, each plus
  // `base`. `text` is valid UTF-8, not empty; the last end is its own. An empty
  // match cuts nothing. InvalidArgument: the search took too many steps.
  absl::Status Split(absl::string_view text, uint32_t base,
                     std::vector<uint32_t>* ends) const;

 private:
  struct Code;
  explicit RegexSplitter(std::shared_ptr<const Code> code)
      : code_(std::move(code)) {}

  std::shared_ptr<const Code> code_;
};

}  // namespace tessera::tokenizer
