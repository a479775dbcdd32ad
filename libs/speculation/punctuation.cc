#include "libs/speculation/punctuation.h"

#include "absl/strings/ascii.h"

namespace tessera::speculation {

Punctuation::Punctuation(
    int32_t vocab_size,
    absl::FunctionRef<absl::string_view(int32_t)> token_bytes) {
  is_mark_.reserve(vocab_size);
  for (int32_t token = 0; token < vocab_size; ++token) {
    const absl::string_view bytes = token_bytes(token);
    is_mark_.push_back(!bytes.empty() && absl::ascii_ispunct(bytes[0]));
  }
}

}  // namespace tessera::speculation
