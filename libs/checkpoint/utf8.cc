#include "libs/checkpoint/utf8.h"

#include <cstdint>

namespace tessera {
namespace {

bool IsContinuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

// Bytes of the sequence that `lead` starts, 0 where none may start with it;
// sets the range that its second byte must lie in.
int SequenceBytes(uint8_t lead, uint8_t& low, uint8_t& high) {
  low = 0x80;
  high = 0xbf;
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead == 0xe0) low = 0xa0;   // overlong
  if (lead == 0xed) high = 0x9f;  // surrogates
  if (lead < 0xf0) return 3;
  if (lead == 0xf0) low = 0x90;   // overlong
  if (lead == 0xf4) high = 0x8f;  // above U+10FFFF
  return lead < 0xf5 ? 4 : 0;
}

}  // namespace

bool IsUtf8(absl::string_view text) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  size_t i = 0;
  while (i < text.size()) {
    uint8_t low, high;
    const int length = SequenceBytes(bytes[i], low, high);
    if (length == 0 || text.size() - i < length) return false;
    if (length > 1 && (bytes[i + 1] < low || bytes[i + 1] > high)) return false;
    for (int j = 2; j < length; ++j) {
      if (!IsContinuation(bytes[i + j])) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace tessera
