#include "libs/log/escape.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_format.h"

namespace tessera::log {
namespace {

struct CodePoint {
  uint32_t value = 0;
  int num_bytes = 1;  // taken from the text
  bool is_valid = false;
};

struct Shape {
  int num_bytes;
  uint32_t lead;      // the first byte's share of the value
  uint8_t low, high;  // range of the second byte (Unicode, table 3-7)
};

Shape ShapeOf(uint8_t lead) {
  if (lead >= 0xc2 && lead <= 0xdf) return {2, lead & 0x1fu, 0x80, 0xbf};
  if (lead == 0xe0) return {3, 0, 0xa0, 0xbf};
  if (lead == 0xed) return {3, 0x0d, 0x80, 0x9f};
  if (lead >= 0xe1 && lead <= 0xef) return {3, lead & 0x0fu, 0x80, 0xbf};
  if (lead == 0xf0) return {4, 0, 0x90, 0xbf};
  if (lead == 0xf4) return {4, 4, 0x80, 0x8f};
  if (lead >= 0xf1 && lead <= 0xf3) return {4, lead & 0x07u, 0x80, 0xbf};
  return {0, 0, 0, 0};
}

CodePoint NextCodePoint(absl::string_view text) {
  const uint8_t lead = text[0];
  if (lead < 0x80) return {lead, 1, true};
  const Shape shape = ShapeOf(lead);
  CodePoint point{shape.lead, 1, false};
  uint8_t low = shape.low, high = shape.high;
  while (point.num_bytes < shape.num_bytes) {
    if (point.num_bytes >= text.size()) return point;
    const uint8_t next = text[point.num_bytes];
    if (next < low || next > high) return point;
    point.value = point.value << 6 | (next & 0x3f);
    ++point.num_bytes;
    low = 0x80;
    high = 0xbf;
  }
  point.is_valid = shape.num_bytes > 0;
  return point;
}

bool IsHidden(uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029;
}

}  // namespace

void AppendEscaped(absl::string_view text, std::string* line) {
  while (!text.empty()) {
    const CodePoint point = NextCodePoint(text);
    if (!point.is_valid) {
      line->append("\xef\xbf\xbd");
    } else if (point.value == '"' || point.value == '\\') {
      line->push_back('\\');
      line->push_back(text[0]);
    } else if (point.value == '\n') {
      line->append("\\n");
    } else if (IsHidden(point.value)) {
      absl::StrAppendFormat(line, "\\u%04x", point.value);
    } else {
      line->append(text.data(), point.num_bytes);
    }
    text.remove_prefix(point.num_bytes);
  }
}

void AppendQuoted(absl::string_view text, std::string* line) {
  line->push_back('"');
  AppendEscaped(text, line);
  line->push_back('"');
}

bool NeedsQuotes(absl::string_view text) {
  return text.empty() || !std::all_of(text.begin(), text.end(), [](char c) {
           return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
         });
}

}  // namespace tessera::log
