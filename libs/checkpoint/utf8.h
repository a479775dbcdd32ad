#pragma once

#include "absl/strings/string_view.h"

namespace tessera {

// Whether `text` is well-formed UTF-8: no overlong forms, no surrogates,
// nothing above U+10FFFF. Source: RFC 3629.
bool IsUtf8(absl::string_view text);

}  // namespace tessera
