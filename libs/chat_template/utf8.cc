#include "libs/chat_template/utf8.h"

#include <locale.h>
#include <wctype.h>

#include "absl/strings/ascii.h"
#include "libs/base/check.h"

namespace tessera::chat_template {
namespace {

bool IsContinuation(absl::string_view bytes, size_t i) {
  return i < bytes.size() && (static_cast<uint8_t>(bytes[i]) & 0xC0) == 0x80;
}

// Debian's C library always has it; the process's own locale is left alone.
locale_t UnicodeLocale() {
  static const locale_t locale =
      newlocale(LC_CTYPE_MASK, "C.UTF-8", static_cast<locale_t>(nullptr));
  CHECK(locale != nullptr) << "the locale C.UTF-8 is missing";
  return locale;
}

}  // namespace

uint32_t ToUpper(uint32_t c) {
  return c < 0x80 ? absl::ascii_toupper(c) : towupper_l(c, UnicodeLocale());
}

uint32_t ToLower(uint32_t c) {
  return c < 0x80 ? absl::ascii_tolower(c) : towlower_l(c, UnicodeLocale());
}

bool IsLetter(uint32_t c) { return iswalpha_l(c, UnicodeLocale()) != 0; }

CodePoint CodePointAt(absl::string_view bytes, size_t position) {
  const auto byte = [&](size_t i) -> uint32_t {
    return static_cast<uint8_t>(bytes[position + i]);
  };
  const uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  for (size_t i = 1; i < size; ++i) {
    if (!IsContinuation(bytes, position + i)) return {0xFFFD, 1};
  }
  uint32_t value = first & (0xFF >> (size + 1));
  for (size_t i = 1; i < size; ++i) value = value << 6 | (byte(i) & 0x3F);
  // Too long an encoding, a surrogate, or beyond Unicode.
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (first < 0xC0 || value < kSmallest[size] || value > 0x10FFFF ||
      (value >= 0xD800 && value < 0xE000)) {
    return {0xFFFD, 1};
  }
  return {value, size};
}

size_t NumCodePoints(absl::string_view bytes) {
  size_t count = 0;
  for (size_t i = 0; i < bytes.size(); i += CodePointAt(bytes, i).size) ++count;
  return count;
}

size_t ByteOffset(absl::string_view bytes, size_t index) {
  size_t i = 0;
  for (; index > 0 && i < bytes.size(); --index) {
    i += CodePointAt(bytes, i).size;
  }
  return i;
}

void AppendCodePoint(uint32_t c, std::string* bytes) {
  const auto tail = [&](int shift) {
    bytes->push_back(static_cast<char>(0x80 | (c >> shift & 0x3F)));
  };
  if (c < 0x80) {
    bytes->push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    bytes->push_back(static_cast<char>(0xC0 | c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    bytes->push_back(static_cast<char>(0xE0 | c >> 12));
    tail(6);
    tail(0);
  } else {
    bytes->push_back(static_cast<char>(0xF0 | c >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

bool IsSpace(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 ||
         c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

size_t SkipSpace(absl::string_view bytes, size_t begin) {
  while (begin < bytes.size()) {
    const CodePoint c = CodePointAt(bytes, begin);
    if (!IsSpace(c.value)) break;
    begin += c.size;
  }
  return begin;
}

size_t LastCharacter(absl::string_view bytes, size_t end) {
  for (size_t size = 2; size <= 4 && size <= end; ++size) {
    if (CodePointAt(bytes, end - size).size == size) return end - size;
  }
  return end - 1;
}

size_t EndWithoutSpace(absl::string_view bytes) {
  size_t end = bytes.size();
  while (end > 0) {
    const size_t last = LastCharacter(bytes, end);
    if (!IsSpace(CodePointAt(bytes, last).value)) break;
    end = last;
  }
  return end;
}

}  // namespace tessera::chat_template
