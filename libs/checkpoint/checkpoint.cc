#include "libs/checkpoint/checkpoint.h"

#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/checkpoint/gguf_checkpoint.h"
#include "libs/checkpoint/safetensors_checkpoint.h"

namespace tessera {
namespace {

bool Exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

absl::StatusOr<std::unique_ptr<Checkpoint>> OpenDirectory(
    const std::string& path) {
  const std::string single = absl::StrCat(path, "/model.safetensors");
  if (Exists(single)) return OpenSafetensorsCheckpoint(path, {single});
  const std::string index = absl::StrCat(path, "/model.safetensors.index.json");
  if (Exists(index)) return OpenShardedCheckpoint(path, index);
  return absl::NotFoundError(absl::StrCat(path,
                                          " has neither model.safetensors nor "
                                          "model.safetensors.index.json"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Checkpoint>> OpenCheckpoint(
    const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return OpenDirectory(path);
  if (absl::EndsWith(path, ".safetensors")) {
    const std::filesystem::path parent =
        std::filesystem::path(path).parent_path();
    return OpenSafetensorsCheckpoint(parent.empty() ? "." : parent.string(),
                                     {path});
  }
  return OpenGgufCheckpoint(path);
}

}  // namespace tessera
