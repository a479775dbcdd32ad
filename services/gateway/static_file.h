// A file that is part of the program: the playground's pages.
#pragma once

#include "absl/strings/string_view.h"

namespace tessera::gateway {

// Both live as long as the program.
struct StaticFile {
  absl::string_view content_type;  // "text/html; charset=utf-8"
  absl::string_view body;
};

}  // namespace tessera::gateway
