#include "libs/checkpoint/safetensors_index.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/file_error.h"
#include "libs/json/json.h"

namespace tessera {
namespace {

constexpr size_t kMaxFiles = 1 << 12;  // each is a mapping

// A plain name: no directory, nothing hidden.
bool IsPlainFileName(absl::string_view name) {
  return !name.empty() && name[0] != '.' && !absl::StrContains(name, '/') &&
         !absl::StrContains(name, '\0');
}

}  // namespace

absl::StatusOr<SafetensorsIndex> ParseSafetensorsIndex(absl::string_view json) {
  ASSIGN_OR_RETURN(const nlohmann::json root, ParseJson(json));
  const auto map = root.is_object() ? root.find("weight_map") : root.end();
  if (map == root.end() || !map->is_object()) {
    return absl::InvalidArgumentError("no object \"weight_map\"");
  }
  SafetensorsIndex index;
  std::set<std::string> files;
  for (const auto& [tensor, file] : map->items()) {
    const auto* name = file.get_ptr<const std::string*>();
    if (name == nullptr || !IsPlainFileName(*name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("weight_map, tensor ", Quoted(tensor),
                       ": not the name of a file in this directory"));
    }
    index.weight_map.emplace(tensor, *name);
    files.insert(*name);
  }
  if (files.size() > kMaxFiles) {
    return absl::InvalidArgumentError(absl::StrCat(
        "weight_map names ", files.size(), " files; at most ", kMaxFiles));
  }
  index.files.assign(files.begin(), files.end());
  return index;
}

}  // namespace tessera
