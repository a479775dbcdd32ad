// Errors about a file's content: where in it, and what is wrong.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tessera {

// InvalidArgument: "at offset 24: <message>". Whoever knows the file's name
// puts it before that, once (Annotate).
absl::Status ErrorAt(uint64_t offset, absl::string_view message);

// `text` safe to print, whatever bytes a file put there: escaped where it is
// not printable UTF-8.
std::string Printable(absl::string_view text);

// The same in quotes, cut after 64 bytes.
std::string Quoted(absl::string_view text);

}  // namespace tessera
