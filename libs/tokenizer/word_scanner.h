// The word patterns of the known byte-level tokenizers, written out: what their
// regular expressions match, at a byte or so a nanosecond.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"

namespace tessera::tokenizer {

enum class WordPattern {
  // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  kGpt2,
  // (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
  // | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  kLlama3,
  // The same with \p{N} for \p{N}{1,3}.
  kQwen2,
};

// The regular expression, as a tokenizer.json spells it.
absl::string_view RegexOf(WordPattern pattern);

// The pattern that a tokenizer.json spells as `regex`, if it is a known one.
std::optional<WordPattern> KnownWordPattern(absl::string_view regex);

// Appends to `ends` the offset, from the start of `text`, at which each word
// ends, plus `base`. `text` is valid UTF-8; the last end is its own.
void ScanWords(WordPattern pattern, absl::string_view text, uint32_t base,
               std::vector<uint32_t>* ends);

}  // namespace tessera::tokenizer
