#include "libs/checkpoint/file_error.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/checkpoint/utf8.h"

namespace tessera {
namespace {

// U+0080 to U+009F, which terminals may obey as they do escape sequences.
bool StartsControl(absl::string_view text) {
  return text.size() >= 2 && text[0] == '\xc2' &&
         static_cast<uint8_t>(text[1]) < 0xa0;
}

}  // namespace

absl::Status ErrorAt(uint64_t offset, absl::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat("at offset ", offset, ": ", message));
}

std::string Printable(absl::string_view text) {
  if (!IsUtf8(text)) return absl::CHexEscape(text);
  std::string printable;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte < 0x20 || byte == 0x7f || StartsControl(text.substr(i))) {
      absl::StrAppend(&printable, "\\x", absl::Hex(byte, absl::kZeroPad2));
    } else {
      printable.push_back(text[i]);
    }
  }
  return printable;
}

std::string Quoted(absl::string_view text) {
  constexpr size_t kMaxBytes = 64;
  const bool is_long = text.size() > kMaxBytes;
  const absl::string_view shown = text.substr(0, kMaxBytes);
  return absl::StrCat("\"", Printable(shown), is_long ? "..." : "", "\"");
}

}  // namespace tessera
