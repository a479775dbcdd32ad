// Values as text: what {{ }} prints, Python's repr, and JSON.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/chat_template/budget.h"
#include "libs/chat_template/text.h"
#include "libs/chat_template/value.h"

namespace tessera::chat_template {

// Python's str(value); an undefined value prints as nothing. InvalidArgument: a
// function, a namespace or a loop, whose text would be an address.
absl::StatusOr<Text> ToText(const Value& value, Budget* budget);

struct JsonFormat {
  int indent = -1;  // negative: one line
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
  bool ensure_ascii = false;
};

// Python's json.dumps, as transformers' tojson calls it: nothing is escaped for
// HTML. Punctuation and escapes count as data, whatever stands between them.
// InvalidArgument: a value that JSON has not.
absl::StatusOr<Text> ToJson(const Value& value, const JsonFormat& format,
                            Budget* budget);

// Python's repr of a float: the shortest that reads back the same.
std::string FloatRepr(double value);

}  // namespace tessera::chat_template
