#include "libs/json/utf8.h"

#include <algorithm>
#include <cstdint>

namespace tessera {
namespace {

size_t LengthByLead(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

bool MayBeSecond(uint8_t lead, uint8_t byte) {
  const uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  return byte >= low && byte <= high;
}

}  // namespace

Utf8Part ReadUtf8(absl::string_view text) {
  const auto byte = [&](size_t k) { return static_cast<uint8_t>(text[k]); };
  const size_t length = LengthByLead(byte(0));
  if (length == 0) return {1, false};
  const size_t available = std::min(length, text.size());
  for (size_t k = 1; k < available; ++k) {
    const bool is_good =
        k == 1 ? MayBeSecond(byte(0), byte(1)) : (byte(k) & 0xc0) == 0x80;
    if (!is_good) return {k, false};
  }
  return {available, available == length};
}

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const Utf8Part part = ReadUtf8(text);
    if (!part.is_character) return false;
    text.remove_prefix(part.length);
  }
  return true;
}

}  // namespace tessera
