#include "libs/tokenizer/utf8.h"

#include <cstring>

#include "libs/base/check.h"

namespace tessera::tokenizer {
namespace {

// The form that a lead byte announces; num_bytes is 0 for a byte that starts
// nothing. Only the second byte has bounds of its own.
struct LeadByte {
  int num_bytes;
  uint8_t second_min;
  uint8_t second_max;
};

LeadByte ReadLeadByte(uint8_t lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2) return {0, 0, 0};
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead < 0xF4) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// The number of ASCII bytes that `text` starts with, rounded down to eights.
size_t AsciiPrefix(absl::string_view text) {
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t bytes;
    std::memcpy(&bytes, text.data() + i, 8);
    if (bytes & 0x8080808080808080u) break;
  }
  return i;
}

// The length of the longest valid front of `text`.
size_t ValidPrefix(absl::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    i += AsciiPrefix(text.substr(i));
    if (static_cast<size_t>(i) == text.size()) break;
    const Utf8Prefix prefix = InspectUtf8(text.substr(i));
    if (prefix.kind != Utf8Prefix::Kind::kCharacter) break;
    i += prefix.num_bytes;
  }
  return i;
}

}  // namespace

Utf8Prefix InspectUtf8(absl::string_view text) {
  DCHECK(!text.empty());
  using Kind = Utf8Prefix::Kind;
  const LeadByte lead = ReadLeadByte(text[0]);
  if (lead.num_bytes == 0) return {Kind::kInvalid, 1};
  for (int i = 1; i < lead.num_bytes; ++i) {
    if (static_cast<size_t>(i) == text.size()) return {Kind::kIncomplete, i};
    const uint8_t byte = text[i];
    const uint8_t min = i == 1 ? lead.second_min : 0x80;
    const uint8_t max = i == 1 ? lead.second_max : 0xBF;
    if (byte < min || byte > max) return {Kind::kInvalid, i};
  }
  return {Kind::kCharacter, lead.num_bytes};
}

bool IsValidUtf8(absl::string_view text) {
  return ValidPrefix(text) == text.size();
}

std::string ReplaceInvalidUtf8(absl::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const size_t good = ValidPrefix(text);
    valid.append(text.data(), good);
    text.remove_prefix(good);
    if (text.empty()) break;
    valid.append(kReplacementCharacter.data(), kReplacementCharacter.size());
    text.remove_prefix(InspectUtf8(text).num_bytes);
  }
  return valid;
}

void AppendUtf8(char32_t code_point, std::string* text) {
  const auto tail = [&](int shift) {
    text->push_back(static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)));
  };
  if (code_point < 0x80) {
    text->push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    text->push_back(static_cast<char>(0xC0 | code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    text->push_back(static_cast<char>(0xE0 | code_point >> 12));
    tail(6), tail(0);
  } else {
    text->push_back(static_cast<char>(0xF0 | code_point >> 18));
    tail(12), tail(6), tail(0);
  }
}

}  // namespace tessera::tokenizer
