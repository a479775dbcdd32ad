#include "libs/tokenizer/small_vocabulary.h"

#include <string>

#include "libs/tokenizer/byte_alphabet.h"

namespace tessera::tokenizer {

Vocabulary SmallVocabulary() {
  Vocabulary vocabulary;
  vocabulary.pre_tokenizer = "gpt-2";
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary.tokens.push_back(
        ToByteAlphabet(std::string(1, static_cast<char>(byte))));
  }
  for (const char* token : {"he", "ll", "hell", "\u0120w", "<|im_end|>"}) {
    vocabulary.tokens.push_back(token);
  }
  vocabulary.types.assign(vocabulary.tokens.size(), TokenType::kNormal);
  vocabulary.types[SmallVocabularyIds::kEnd] = TokenType::kControl;
  vocabulary.merges = {{"h", "e"}, {"l", "l"}, {"he", "ll"}, {"\u0120", "w"}};
  vocabulary.bos = SmallVocabularyIds::kEnd;
  vocabulary.eos = SmallVocabularyIds::kEnd;
  return vocabulary;
}

}  // namespace tessera::tokenizer
