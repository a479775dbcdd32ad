#include "libs/speculation/token_classes.h"

#include "absl/strings/ascii.h"

namespace tessera::speculation {

TokenClasses::Class TokenClasses::ClassOf(absl::string_view bytes) {
  if (bytes.empty()) return Class::kOther;
  if (absl::ascii_isspace(bytes[0])) return Class::kStart;
  if (absl::ascii_ispunct(bytes[0])) return Class::kMark;
  return Class::kOther;
}

TokenClasses::TokenClasses(
    int32_t vocab_size,
    absl::FunctionRef<absl::string_view(int32_t)> token_bytes) {
  classes_.reserve(vocab_size);
  for (int32_t token = 0; token < vocab_size; ++token) {
    classes_.push_back(ClassOf(token_bytes(token)));
  }
}

}  // namespace tessera::speculation
