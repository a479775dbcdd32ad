// Text inside a line of the log.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace tessera::log {

// Appends it as inside a JSON string: quotes, backslashes and control
// characters (also DEL and U+0080 to U+009F, which terminals obey, and U+2028
// and U+2029, which some viewers break lines at) escaped, each maximal invalid
// part of UTF-8 as U+FFFD. So the result is one line of valid UTF-8.
void AppendEscaped(absl::string_view text, std::string* line);

// The same, in quotes.
void AppendQuoted(absl::string_view text, std::string* line);

// Whether a value of key=value would be misread without quotes: it is empty, or
// has a space, a quote, '=', '\\', a control character or a non-ASCII one.
bool NeedsQuotes(absl::string_view text);

}  // namespace tessera::log
