// TokenClasses: what the tokens of a vocabulary are to words.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace tessera::speculation {

enum class TokenClass : uint8_t {
  kWord,  // begins one: with a space, a line's end, or a script without spaces
  kMark,  // a comma, bracket, quote, end of a sentence: behind a word, not of
          // it
  kRest,  // goes on with a word
};

class TokenClasses {
 public:
  // Nothing is known: each token is taken for a word.
  TokenClasses() = default;
  // Of tokens 0 to vocab_size - 1, whose UTF-8 is token_bytes(token).
  TokenClasses(int32_t vocab_size,
               absl::FunctionRef<absl::string_view(int32_t)> token_bytes);

  // Of any token, also outside of the vocabulary: a word.
  TokenClass Of(int32_t token) const {
    return 0 <= token && token < static_cast<int64_t>(classes_.size())
               ? classes_[token]
               : TokenClass::kWord;
  }
  bool IsMark(int32_t token) const { return Of(token) == TokenClass::kMark; }
  bool IsWord(int32_t token) const { return Of(token) == TokenClass::kWord; }

 private:
  std::vector<TokenClass> classes_;
};

}  // namespace tessera::speculation
