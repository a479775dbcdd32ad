// "Did you mean": the nearest of a few names.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tessera::options {

// The name with the fewest insertions, deletions and replacements from `name`
// (the first of equals), or "" where none is within a third of its length.
std::string Nearest(absl::string_view name,
                    const std::vector<std::string>& names);

}  // namespace tessera::options
