#include "libs/json/json_text.h"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace tessera {
namespace {

constexpr absl::string_view kReplacement = "\xef\xbf\xbd";

bool IsContinuation(uint8_t byte, uint8_t low = 0x80, uint8_t high = 0xbf) {
  return byte >= low && byte <= high;
}

// Length of the well-formed sequence at text[i], which is no ASCII; or, with
// *is_valid false, of the part to be replaced (Unicode 15.0, table 3-7).
size_t SequenceLength(absl::string_view text, size_t i, bool* is_valid) {
  const auto byte = [&](size_t k) { return static_cast<uint8_t>(text[i + k]); };
  const uint8_t lead = byte(0);
  size_t length = 0;
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  if (lead >= 0xe0 && lead <= 0xef) length = 3;
  if (lead >= 0xf0 && lead <= 0xf4) length = 4;
  *is_valid = false;
  if (length == 0) return 1;
  const uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (size_t k = 1; k < length; ++k) {
    if (i + k == text.size()) return k;
    if (!(k == 1 ? IsContinuation(byte(1), low, high)
                 : IsContinuation(byte(k)))) {
      return k;
    }
  }
  *is_valid = true;
  return length;
}

void AppendEscape(char c, std::string* json) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
    case '\\':
      json->push_back('\\');
      json->push_back(c);
      return;
    case '\n':
      json->append("\\n");
      return;
    case '\r':
      json->append("\\r");
      return;
    case '\t':
      json->append("\\t");
      return;
    default:
      json->append("\\u00");
      json->push_back(kHex[static_cast<uint8_t>(c) >> 4]);
      json->push_back(kHex[c & 15]);
  }
}

template <typename T>
void AppendNumber(T value, std::string* json) {
  if (!std::isfinite(value)) {
    json->append("null");
    return;
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  json->append(digits, end - digits);
}

}  // namespace

void AppendJsonEscaped(absl::string_view text, std::string* json) {
  size_t begin = 0;  // text[begin, i) goes as it is
  size_t i = 0;
  const auto flush = [&] { json->append(text.data() + begin, i - begin); };
  while (i < text.size()) {
    const auto byte = static_cast<uint8_t>(text[i]);
    size_t length = 1;
    if (byte >= 0x80) {
      bool is_valid = false;
      length = SequenceLength(text, i, &is_valid);
      if (is_valid) {
        i += length;
        continue;
      }
      flush();
      json->append(kReplacement.data(), kReplacement.size());
    } else if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f) {
      flush();
      AppendEscape(text[i], json);
    } else {
      ++i;
      continue;
    }
    i += length;
    begin = i;
  }
  flush();
}

void AppendJsonString(absl::string_view text, std::string* json) {
  json->push_back('"');
  AppendJsonEscaped(text, json);
  json->push_back('"');
}

void AppendJsonNumber(float value, std::string* json) {
  AppendNumber(value, json);
}
void AppendJsonNumber(double value, std::string* json) {
  AppendNumber(value, json);
}

}  // namespace tessera
