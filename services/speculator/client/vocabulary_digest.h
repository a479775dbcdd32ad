// What a vocabulary is called, so that two processes can tell whether they have
// the same one.
#pragma once

#include <string>

#include "libs/tokenizer/tokenizer.h"

namespace tessera::speculator {

// SHA-256 over each token's bytes and whether it is special: 32 bytes.
std::string VocabularyDigest(const tokenizer::Tokenizer& tokenizer);

}  // namespace tessera::speculator
