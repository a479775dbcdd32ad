// TokenClasses: what the tokens of a vocabulary are to words. One that begins
// with a space or a line's end starts a word; a mark (comma, bracket, quote,
// end of a sentence) attaches to the word before without being part of it; any
// other goes on with a word.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace tessera::speculation {

class TokenClasses {
 public:
  // Nothing is known: no token is a mark or starts a word.
  TokenClasses() = default;
  // Of tokens 0 to vocab_size - 1, whose bytes are token_bytes(token).
  TokenClasses(int32_t vocab_size,
               absl::FunctionRef<absl::string_view(int32_t)> token_bytes);

  // Of any token, also outside of the vocabulary, which is neither.
  bool IsMark(int32_t token) const { return Of(token) == Class::kMark; }
  bool StartsWord(int32_t token) const { return Of(token) == Class::kStart; }

 private:
  enum class Class : uint8_t { kOther, kStart, kMark };
  static Class ClassOf(absl::string_view bytes);

  Class Of(int32_t token) const {
    return 0 <= token && token < static_cast<int64_t>(classes_.size())
               ? classes_[token]
               : Class::kOther;
  }

  std::vector<Class> classes_;
};

}  // namespace tessera::speculation
