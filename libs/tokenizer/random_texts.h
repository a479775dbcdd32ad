// Texts for tests: the ones that testdata/golden_texts.py makes.
#pragma once

#include <cstdint>
#include <string>

namespace tessera::tokenizer {

// SplitMix64 (Steele, Lea, Flood 2014).
class TextRandom {
 public:
  explicit TextRandom(uint64_t seed) : state_(seed) {}
  uint64_t Below(uint64_t n);

 private:
  uint64_t state_;
};

// Up to 12 parts: words, spaces, digits, marks, code points of all planes,
// and bytes, so that some texts are no UTF-8.
std::string RandomText(TextRandom* random);

}  // namespace tessera::tokenizer
