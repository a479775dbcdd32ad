// Whether two models mean the same by their token ids.
#pragma once

#include "absl/status/status.h"
#include "libs/tokenizer/tokenizer.h"

namespace tessera::speculator {

// InvalidArgument, naming the first token that differs (its bytes, or whether
// it is special), or that one of the two lacks.
absl::Status CheckSameVocabulary(const tokenizer::Tokenizer& target,
                                 const tokenizer::Tokenizer& draft);

}  // namespace tessera::speculator
