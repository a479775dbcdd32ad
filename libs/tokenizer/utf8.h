// UTF-8: decoding, checking and repair.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tessera::tokenizer {

// What replaces bytes that are no UTF-8: U+FFFD.
constexpr absl::string_view kReplacementCharacter = "\xEF\xBF\xBD";

struct CodePoint {
  char32_t value;
  int num_bytes;
};

// The first character of `text`: not empty, and valid UTF-8.
inline CodePoint DecodeValid(const char* text) {
  const auto byte = [text](int i) {
    return static_cast<uint32_t>(static_cast<uint8_t>(text[i]));
  };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (lead < 0xF0) {
    return {(lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  }
  return {(lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
              (byte(3) & 0x3F),
          4};
}

// What stands at the front of bytes that need not be UTF-8.
struct Utf8Prefix {
  enum class Kind {
    kCharacter,   // one character of num_bytes bytes
    kInvalid,     // num_bytes bytes that one U+FFFD replaces
    kIncomplete,  // all the text: the start of a character that lacks its end
  };
  Kind kind;
  int num_bytes;
};

// Judges the front of `text`, which is not empty. Invalid bytes are cut into
// maximal subparts (Unicode 3.9, table 3-7), as Python and Rust cut them.
Utf8Prefix InspectUtf8(absl::string_view text);

bool IsValidUtf8(absl::string_view text);

// `text` with each maximal invalid subpart replaced by U+FFFD.
std::string ReplaceInvalidUtf8(absl::string_view text);

// Appends the UTF-8 of a code point: below 0x110000, no surrogate.
void AppendUtf8(char32_t code_point, std::string* text);

}  // namespace tessera::tokenizer
