#include "libs/chat_template/string_literal.h"

#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/utf8.h"

namespace tessera::chat_template {
namespace {

// Digits of `base` with single underscores between them; returns their end.
size_t ScanDigits(absl::string_view text, size_t begin, int base,
                  std::string* digits) {
  size_t end = begin;
  for (size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '_' && end == i && i > begin) continue;
    const char c = absl::ascii_tolower(text[i]);
    const int digit = absl::ascii_isdigit(c) ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                             : 99;
    if (digit >= base) break;
    digits->push_back(c);
    end = i + 1;
  }
  return end;
}

// The fraction and exponent after the digits [0, end); `end` where neither is.
size_t ScanFraction(absl::string_view text, size_t end, std::string* digits) {
  const auto at = [&](size_t i) { return i < text.size() ? text[i] : '\0'; };
  std::string fraction = ".";
  if (at(end) == '.' && absl::ascii_isdigit(at(end + 1))) {
    end = ScanDigits(text, end + 1, 10, &fraction);
    *digits += fraction;
  }
  if (at(end) == 'e' || at(end) == 'E') {
    std::string exponent = "e";
    size_t i = end + 1;
    if (at(i) == '+' || at(i) == '-') exponent += at(i++);
    if (absl::ascii_isdigit(at(i))) {
      end = ScanDigits(text, i, 10, &exponent);
      *digits += exponent;
    }
  }
  return end;
}

}  // namespace

NumberLiteral ScanNumber(absl::string_view text, bool may_be_float) {
  NumberLiteral number;
  if (text.size() > 2 && text[0] == '0' && !absl::ascii_isdigit(text[1])) {
    const char letter = absl::ascii_tolower(text[1]);
    const int base = letter == 'b' ? 2 : letter == 'o' ? 8 : 16;
    if (letter == 'b' || letter == 'o' || letter == 'x') {
      std::string digits;
      const size_t begin = text[2] == '_' ? 3 : 2;
      number.size = ScanDigits(text, begin, base, &digits);
      int64_t value = 0;
      const auto result = std::from_chars(
          digits.data(), digits.data() + digits.size(), value, base);
      if (digits.empty() || result.ec != std::errc()) return {};
      number.digits = absl::StrCat(value);
      return number;
    }
  }
  number.size = ScanDigits(text, 0, 10, &number.digits);
  if (may_be_float) {
    const size_t end = ScanFraction(text, number.size, &number.digits);
    number.is_float = end > number.size;
    number.size = end;
  }
  // Python has no integers with leading zeros but zeros.
  if (!number.is_float && number.digits[0] == '0' &&
      number.digits.find_first_not_of('0') != std::string::npos) {
    return {};
  }
  return number;
}

absl::StatusOr<std::string> Unescape(absl::string_view text) {
  std::string result;
  // Reads up to `most` digits after text[i]; returns how many.
  uint32_t code = 0;
  const auto read = [&](size_t i, size_t most, int base) {
    const absl::string_view part = text.substr(i, most);
    const auto end =
        std::from_chars(part.data(), part.data() + part.size(), code, base);
    return static_cast<size_t>(end.ptr - part.data());
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      result.push_back(text[i]);
      continue;
    }
    const char c = text[++i];  // the lexer took the pair
    constexpr absl::string_view kNames = "abfnrtv\\'\"";
    constexpr absl::string_view kValues = "\a\b\f\n\r\t\v\\'\"";
    if (const size_t name = kNames.find(c); name != kNames.npos) {
      result.push_back(kValues[name]);
    } else if (c == '\n') {
      // A line continued.
    } else if (c >= '0' && c <= '7') {
      i += read(i, 3, 8) - 1;
      AppendCodePoint(code, &result);
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      if (read(i + 1, digits, 16) != digits || code > 0x10FFFF ||
          (code >= 0xD800 && code < 0xE000)) {
        return absl::InvalidArgumentError(
            absl::StrCat("\\", text.substr(i, 1 + digits),
                         " is not an escape of a character"));
      }
      AppendCodePoint(code, &result);
      i += digits;
    } else if (c == 'N') {
      return absl::InvalidArgumentError("\\N{...} is not supported");
    } else {
      result.push_back('\\');
      result.push_back(c);
    }
  }
  return result;
}

}  // namespace tessera::chat_template
