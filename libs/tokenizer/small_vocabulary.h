// A byte-level vocabulary for tests.
#pragma once

#include <cstdint>

#include "libs/tokenizer/vocabulary.h"

namespace tessera::tokenizer {

// Ids 0 to 255 are the bytes; then these.
struct SmallVocabularyIds {
  static constexpr int32_t kHe = 256;      // "he"
  static constexpr int32_t kLl = 257;      // "ll"
  static constexpr int32_t kHell = 258;    // "hell"
  static constexpr int32_t kSpaceW = 259;  // " w"
  static constexpr int32_t kEnd = 260;     // "<|im_end|>": control, BOS and EOS
};

// Cut into words as GPT-2's.
Vocabulary SmallVocabulary();

}  // namespace tessera::tokenizer
