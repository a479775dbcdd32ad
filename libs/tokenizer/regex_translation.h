// Oniguruma's regular expressions, in which a tokenizer.json is written, put
// into PCRE2's.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tessera::tokenizer {

// \s, \S, \d and \p{..} become explicit sets, because the two libraries know
// different versions of Unicode.
//
// What is left out is refused with Unimplemented, naming it and its offset:
// constructs that mean different things to the two libraries, and those that
// let a hostile file take exponential time (a repeated group, more than two
// open-ended repetitions in one alternative).
absl::StatusOr<std::string> TranslateRegex(absl::string_view regex);

}  // namespace tessera::tokenizer
