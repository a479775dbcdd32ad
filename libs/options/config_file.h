// Configuration files: YAML that maps names to values.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tessera::options {

// One `key: value` or `key: [value, ...]` of a file's top level.
struct ConfigEntry {
  std::string key;
  int line = 0;  // from 1
  std::vector<std::string> values;
};

// The entries of YAML text, in their order. `name` stands in errors.
// InvalidArgument: no YAML, not a map of scalars and lists of scalars, or a
// key that stands twice; the message says name:line.
absl::StatusOr<std::vector<ConfigEntry>> ParseConfig(absl::string_view name,
                                                     absl::string_view yaml);

// The same of a file. NotFound where it cannot be read.
absl::StatusOr<std::vector<ConfigEntry>> ReadConfigFile(
    const std::string& path);

}  // namespace tessera::options
