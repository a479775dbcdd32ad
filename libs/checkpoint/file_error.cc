#include "libs/checkpoint/file_error.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/checkpoint/utf8.h"

namespace tessera {

absl::Status ErrorAt(uint64_t offset, absl::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat("at offset ", offset, ": ", message));
}

std::string Quoted(absl::string_view text) {
  constexpr size_t kMaxBytes = 64;
  const bool is_long = text.size() > kMaxBytes;
  const absl::string_view shown = text.substr(0, kMaxBytes);
  return absl::StrCat(
      "\"",
      IsUtf8(shown) ? absl::Utf8SafeCHexEscape(shown) : absl::CHexEscape(shown),
      is_long ? "..." : "", "\"");
}

}  // namespace tessera
