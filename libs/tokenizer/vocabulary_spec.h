// Turns a GGUF vocabulary into the steps of a tokenizer.
#pragma once

#include "absl/status/statusor.h"
#include "libs/tokenizer/tokenizer_spec.h"
#include "libs/tokenizer/vocabulary.h"

namespace tessera::tokenizer {

// InvalidArgument or Unimplemented, naming the field, as Vocabulary::Validate.
absl::StatusOr<TokenizerSpec> SpecFromVocabulary(Vocabulary vocabulary);

}  // namespace tessera::tokenizer
