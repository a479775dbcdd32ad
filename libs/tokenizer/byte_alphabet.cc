#include "libs/tokenizer/byte_alphabet.h"

#include <array>

#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

// Printable bytes of Latin-1 stand for themselves; the other 68, in order, are
// the characters from U+0100 on.
constexpr bool IsPrintable(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) ||
         byte >= 0xAE;
}
constexpr int kNumMoved = 68;
constexpr int kAlphabetEnd = 0x100 + kNumMoved;

struct Alphabet {
  std::array<uint16_t, 256> character = {};
  std::array<int16_t, kAlphabetEnd> byte = {};  // -1: no letter of it
};

constexpr Alphabet MakeAlphabet() {
  Alphabet alphabet;
  for (int16_t& byte : alphabet.byte) byte = -1;
  int num_moved = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const int character = IsPrintable(byte) ? byte : 0x100 + num_moved++;
    alphabet.character[byte] = character;
    alphabet.byte[character] = byte;
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = MakeAlphabet();

}  // namespace

bool AppendAlphabetBytes(absl::string_view text, std::string* bytes) {
  const size_t old_size = bytes->size();
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p != end;) {
    const uint8_t lead = *p;
    // All letters have one byte or two, so nothing longer need be decoded.
    const bool is_pair =
        lead >= 0xC2 && lead <= 0xC5 && end - p >= 2 && (p[1] & 0xC0) == 0x80;
    const int character = is_pair ? (lead & 0x1F) << 6 | (p[1] & 0x3F) : lead;
    const bool is_letter = (is_pair || lead < 0x80) &&
                           character < kAlphabetEnd &&
                           kAlphabet.byte[character] >= 0;
    if (!is_letter) {
      bytes->resize(old_size);
      return false;
    }
    bytes->push_back(static_cast<char>(kAlphabet.byte[character]));
    p += is_pair ? 2 : 1;
  }
  return true;
}

std::string ToByteAlphabet(absl::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    AppendUtf8(kAlphabet.character[static_cast<uint8_t>(byte)], &text);
  }
  return text;
}

}  // namespace tessera::tokenizer
