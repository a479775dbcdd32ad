#include "libs/json/json_text.h"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "libs/json/utf8.h"

namespace tessera {
namespace {

constexpr absl::string_view kReplacement = "\xef\xbf\xbd";

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
      const Utf8Part part = ReadUtf8(text.substr(i));
      length = part.length;
      if (part.is_character) {
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
