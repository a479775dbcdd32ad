// The target of a request line, split and decoded.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace tessera::http {

struct RequestTarget {
  std::string path;   // percent-decoded
  std::string query;  // after '?', as sent
};

// "/a%20b?c=%64" is {"/a b", "c=%64"}; "http://host/a" is "/a"; "*" stays.
// False: another form, a '%' without two hexadecimal digits, or a NUL.
bool ParseRequestTarget(absl::string_view text, RequestTarget* target);

}  // namespace tessera::http
