#include "libs/speculation/token_classes.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace tessera::speculation {
namespace {

// Begins UTF-8 of three bytes and more: Chinese, Japanese, Korean, Thai, whose
// words nothing tells apart. (Of those with spaces, too, as Hindi: a word is
// then taken for several.)
constexpr uint8_t kThreeBytes = 0xe0;

TokenClass ClassOf(absl::string_view bytes) {
  if (bytes.empty()) return TokenClass::kRest;
  if (absl::ascii_isspace(bytes[0])) return TokenClass::kWord;
  // Those beyond ASCII: U+2000 to U+203F (dashes, quotes, dots) and U+3000 to
  // U+303F (their Chinese and Japanese kind).
  if (absl::ascii_ispunct(bytes[0]) || absl::StartsWith(bytes, "\xe2\x80") ||
      absl::StartsWith(bytes, "\xe3\x80")) {
    return TokenClass::kMark;
  }
  return static_cast<uint8_t>(bytes[0]) >= kThreeBytes ? TokenClass::kWord
                                                       : TokenClass::kRest;
}

}  // namespace

TokenClasses::TokenClasses(
    int32_t vocab_size,
    absl::FunctionRef<absl::string_view(int32_t)> token_bytes) {
  classes_.reserve(vocab_size);
  for (int32_t token = 0; token < vocab_size; ++token) {
    classes_.push_back(ClassOf(token_bytes(token)));
  }
}

}  // namespace tessera::speculation
