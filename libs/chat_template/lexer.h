// Jinja source into tokens.
//
// White space is treated as transformers has it: trim_blocks (the newline after
// a block tag or comment goes), lstrip_blocks (so does the white space before
// one that is first on its line), and one newline at the end of the source
// goes.
// `-` and `+` beside a delimiter override it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tessera::chat_template {

struct Token {
  enum class Kind {
    kData,           // text between tags, stripped as it should be
    kVariableBegin,  // {{
    kVariableEnd,
    kBlockBegin,  // {%
    kBlockEnd,
    kName,
    kString,   // its characters, escapes replaced
    kInteger,  // its digits, underscores removed
    kFloat,
    kOperator,
    kEnd,
  };
  Kind kind;
  std::string text;
  int line;

  bool Is(Kind k, absl::string_view t) const { return kind == k && text == t; }
  bool IsName(absl::string_view t) const { return Is(Kind::kName, t); }
  bool IsOperator(absl::string_view t) const { return Is(Kind::kOperator, t); }
};

// The tokens, the last one kEnd. InvalidArgument names the line.
absl::StatusOr<std::vector<Token>> Tokenize(absl::string_view source);

// "line 3: words", InvalidArgument.
absl::Status ErrorAt(int line, absl::string_view words);

}  // namespace tessera::chat_template
