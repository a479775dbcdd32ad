// JSON text, appended piece by piece: for output that is written too often to
// build it as a tree first.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace tessera {

// `text` escaped, without the quotes around it. What is not UTF-8 becomes
// U+FFFD, one a maximal part (Unicode 15.0, 3.9), so that the result is.
void AppendJsonEscaped(absl::string_view text, std::string* json);
// The same in quotes.
void AppendJsonString(absl::string_view text, std::string* json);
// The shortest decimal that reads back as `value`; null if it is not finite.
void AppendJsonNumber(float value, std::string* json);
void AppendJsonNumber(double value, std::string* json);

}  // namespace tessera
