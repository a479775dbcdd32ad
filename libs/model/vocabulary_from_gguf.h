// Reads a tokenizer's vocabulary from the metadata of a GGUF file.
#pragma once

#include "absl/status/statusor.h"
#include "libs/checkpoint/gguf_reader.h"
#include "libs/tokenizer/vocabulary.h"

namespace tessera::model {

// The fields tokenizer.ggml.*. NotFound, InvalidArgument: one is missing or has
// a wrong type or value; the message names the file and the key. Unimplemented:
// a kind of tokenizer that is not supported, with those that are. What the
// fields say together is checked by Tokenizer::Create.
absl::StatusOr<tokenizer::Vocabulary> ReadGgufVocabulary(const GgufFile& file);

}  // namespace tessera::model
