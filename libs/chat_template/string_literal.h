// The lexer's numbers and strings, read as Python reads them.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tessera::chat_template {

// `size` bytes at the start of the text; 0 where no number starts there.
struct NumberLiteral {
  size_t size = 0;
  bool is_float = false;
  std::string digits;  // decimal, without underscores
};

// Integers in bases 2, 8, 10 and 16, and floats where `may_be_float`.
NumberLiteral ScanNumber(absl::string_view text, bool may_be_float);

// What stands between the quotes, with the escapes of a Python string replaced.
// InvalidArgument: an incomplete or unknown escape.
absl::StatusOr<std::string> Unescape(absl::string_view text);

}  // namespace tessera::chat_template
