// Cuts a normalized text into the words within which BPE merges.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/tokenizer/regex_splitter.h"
#include "libs/tokenizer/tokenizer_spec.h"
#include "libs/tokenizer/word_scanner.h"

namespace tessera::tokenizer {

class WordSplitter {
 public:
  WordSplitter() = default;  // of no step

  // Unimplemented or InvalidArgument: a regular expression is refused.
  static absl::StatusOr<WordSplitter> Create(
      const std::vector<SplitStep>& steps);

  // Sets *ends to the offsets at which the words of `text` end, the last one
  // its own size; the words lose nothing of the text. `text` is valid UTF-8
  // and below 4 GiB. Error: a regular expression gave up.
  absl::Status Split(absl::string_view text, std::vector<uint32_t>* ends) const;

 private:
  struct Step {
    SplitStep::Kind kind;
    std::optional<WordPattern> known;    // kPattern: written out, or
    std::optional<RegexSplitter> regex;  // left to PCRE2
  };

  static absl::Status Apply(const Step& step, absl::string_view piece,
                            uint32_t base, std::vector<uint32_t>* ends);

  std::vector<Step> steps_;
};

}  // namespace tessera::tokenizer
