// Unicode's canonical composition (NFC, UAX #15).
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace tessera::tokenizer {

// False if `text`, which is valid UTF-8, is composed already; else true, with
// the composed text in *composed. O(n log n), whatever marks are heaped up.
bool ComposeNfc(absl::string_view text, std::string* composed);

}  // namespace tessera::tokenizer
