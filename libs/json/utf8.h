// UTF-8, character by character (Unicode 15.0, table 3-7).
#pragma once

#include <cstddef>

#include "absl/strings/string_view.h"

namespace tessera {

struct Utf8Part {
  size_t length = 0;  // bytes
  // Otherwise it is no UTF-8: the maximal part that one U+FFFD stands for.
  bool is_character = false;
};

// What `text`, not empty, starts with.
Utf8Part ReadUtf8(absl::string_view text);

bool IsUtf8(absl::string_view text);

}  // namespace tessera
