// Writes a Hugging Face tokenizer as GGUF metadata.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/checkpoint/gguf_header.h"
#include "libs/checkpoint/model_directory.h"
#include "libs/tokenizer/vocabulary.h"

namespace tessera::model {

struct ConvertedVocabulary {
  tokenizer::Vocabulary vocabulary;
  std::vector<std::string> notes;  // what GGUF cannot say
};

// The vocabulary of tokenizer.json, tokenizer_config.json and config.json,
// padded to `vocab_size` tokens. Unimplemented: a tokenizer that none of GGUF's
// names stands for, naming those that are known. InvalidArgument: more tokens
// than vocab_size, or what SpecFromTokenizerJson refuses.
absl::StatusOr<ConvertedVocabulary> VocabularyFromDirectory(
    const ModelDirectory& directory, int vocab_size);

// Adds tokenizer.ggml.*, such that ReadGgufVocabulary gives the same.
void AddVocabulary(const tokenizer::Vocabulary& vocabulary, GgufHeader& header);

}  // namespace tessera::model
