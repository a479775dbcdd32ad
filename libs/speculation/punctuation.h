// Punctuation: which tokens of a vocabulary attach to the word before without
// being part of it: commas, brackets, quotes, ends of sentences.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace tessera::speculation {

class Punctuation {
 public:
  // Nothing is.
  Punctuation() = default;
  // Tokens that begin with an ASCII character other than a space, a letter or a
  // digit; of tokens 0 to vocab_size - 1, whose bytes are token_bytes(token).
  Punctuation(int32_t vocab_size,
              absl::FunctionRef<absl::string_view(int32_t)> token_bytes);

  // Of any token, also outside of the vocabulary.
  bool Has(int32_t token) const {
    return 0 <= token && token < static_cast<int64_t>(is_mark_.size()) &&
           is_mark_[token];
  }

 private:
  std::vector<bool> is_mark_;
};

}  // namespace tessera::speculation
