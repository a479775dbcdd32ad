#include "services/gateway/playground/playground.h"

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "services/gateway/playground/playground_files.h"

namespace tessera::gateway {
namespace {

constexpr absl::string_view kPage = "index.html";

absl::string_view ContentType(absl::string_view name) {
  if (absl::EndsWith(name, ".html")) return "text/html; charset=utf-8";
  if (absl::EndsWith(name, ".css")) return "text/css; charset=utf-8";
  if (absl::EndsWith(name, ".js")) return "text/javascript; charset=utf-8";
  CHECK(absl::EndsWith(name, ".svg"));
  return "image/svg+xml";
}

using FilesByPath = absl::flat_hash_map<std::string, StaticFile>;

FilesByPath* MakeFiles() {
  auto* files = new FilesByPath;
  for (const EmbeddedFile& file : PlaygroundFiles()) {
    const StaticFile answer{ContentType(file.name), file.body};
    const std::string path = file.name == kPage
                                 ? std::string("/")
                                 : absl::StrCat("/playground/", file.name);
    files->emplace(path, answer);
  }
  return files;
}

}  // namespace

const StaticFile* FindStaticFile(absl::string_view path) {
  static const FilesByPath* const files = MakeFiles();
  const auto found = files->find(path);
  return found == files->end() ? nullptr : &found->second;
}

}  // namespace tessera::gateway
