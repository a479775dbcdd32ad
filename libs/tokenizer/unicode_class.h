// Unicode classes that pre-tokenizers tell apart, as Hugging Face's regular
// expressions see them (Unicode 16, Oniguruma's \s).
#pragma once

#include <cstdint>

namespace tessera::tokenizer {

// Bits of a code point's class; 0 is anything else (marks, symbols, controls,
// unassigned).
enum UnicodeClass : uint8_t {
  kLetter = 1,        // \p{L}
  kNumber = 2,        // \p{N}
  kSpace = 4,         // \s: White_Space
  kPunctuation = 8,   // \p{P}
  kDigitsSplit = 16,  // what Hugging Face's Digits takes for a number
};

// The table, made at build time by unicode_table_generator.cc.
constexpr int kUnicodeBlockShift = 7;
constexpr int kUnicodeBlockSize = 1 << kUnicodeBlockShift;
extern const uint8_t kUnicodeBlockIndex[];  // [0x110000 / kUnicodeBlockSize]
extern const uint8_t kUnicodeBlocks[];      // [num_blocks, kUnicodeBlockSize]

// The class bits of `code_point`, which is below 0x110000.
inline uint8_t ClassOf(char32_t code_point) {
  const uint32_t block = kUnicodeBlockIndex[code_point >> kUnicodeBlockShift];
  return kUnicodeBlocks[block * kUnicodeBlockSize +
                        (code_point & (kUnicodeBlockSize - 1))];
}

}  // namespace tessera::tokenizer
