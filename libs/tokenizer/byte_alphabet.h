// GPT-2's byte alphabet: each byte written as one printable character, so that
// a byte-level vocabulary is text. Source: Radford et al. 2019, encoder.py.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tessera::tokenizer {

// Appends the bytes that `text` stands for. False, with nothing appended, if a
// character is not of the alphabet or `text` is not UTF-8.
bool AppendAlphabetBytes(absl::string_view text, std::string* bytes);

// `bytes` written in the alphabet.
std::string ToByteAlphabet(absl::string_view bytes);

}  // namespace tessera::tokenizer
