// model.safetensors.index.json: which file of a sharded checkpoint holds what.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tessera {

struct SafetensorsIndex {
  std::map<std::string, std::string> weight_map;  // tensor -> file name
  std::vector<std::string> files;                 // each once, sorted
};

// InvalidArgument: not JSON, no "weight_map" of strings, or a file name that
// leads out of the index's own directory.
absl::StatusOr<SafetensorsIndex> ParseSafetensorsIndex(absl::string_view json);

}  // namespace tessera
