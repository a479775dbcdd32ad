#include "libs/options/config_file.h"

#include <fstream>
#include <iterator>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "yaml-cpp/yaml.h"

namespace tessera::options {
namespace {

absl::Status ErrorAt(absl::string_view name, int line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(name, ":", line, ": ", what));
}

// yaml-cpp throws on what is no YAML; that ends here.
absl::StatusOr<YAML::Node> Load(absl::string_view name,
                                absl::string_view yaml) {
  try {
    return YAML::Load(std::string(yaml));
  } catch (const YAML::Exception& error) {
    return ErrorAt(name, error.mark.line + 1,
                   absl::StrCat("not YAML: ", error.msg));
  }
}

absl::Status AppendValues(absl::string_view name, const YAML::Node& node,
                          ConfigEntry* entry) {
  if (node.IsScalar()) {
    entry->values.push_back(node.Scalar());
    return absl::OkStatus();
  }
  if (!node.IsSequence()) {
    return ErrorAt(name, entry->line,
                   absl::StrCat(entry->key, ": expected a value or a list"));
  }
  for (const YAML::Node& element : node) {
    if (!element.IsScalar()) {
      return ErrorAt(name, element.Mark().line + 1,
                     absl::StrCat(entry->key, ": expected a list of values"));
    }
    entry->values.push_back(element.Scalar());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<ConfigEntry>> ParseConfig(absl::string_view name,
                                                     absl::string_view yaml) {
  ASSIGN_OR_RETURN(const YAML::Node root, Load(name, yaml));
  std::vector<ConfigEntry> entries;
  if (root.IsNull()) return entries;  // an empty file, or comments alone
  if (!root.IsMap()) {
    return ErrorAt(name, 1, "expected lines of the form `flag: value`");
  }
  absl::flat_hash_set<std::string> seen;
  for (const auto& pair : root) {
    const YAML::Node& key = pair.first;
    ConfigEntry entry;
    entry.line = key.Mark().line + 1;
    if (!key.IsScalar()) return ErrorAt(name, entry.line, "expected a name");
    entry.key = key.Scalar();
    if (!seen.insert(entry.key).second) {
      return ErrorAt(name, entry.line, absl::StrCat(entry.key, ": set twice"));
    }
    RETURN_IF_ERROR(AppendValues(name, pair.second, &entry));
    entries.push_back(std::move(entry));
  }
  return entries;
}

absl::StatusOr<std::vector<ConfigEntry>> ReadConfigFile(
    const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string yaml{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof()) {
    return absl::NotFoundError(
        absl::StrCat(path, ": cannot read the configuration file"));
  }
  return ParseConfig(path, yaml);
}

}  // namespace tessera::options
