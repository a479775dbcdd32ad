#include "libs/checkpoint/model_directory.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/mapped_file.h"
#include "libs/json/json.h"

namespace tessera {
namespace {

// Generous: real ones take a few kilobytes, the tokenizer up to 40 MB.
constexpr size_t kMaxConfigBytes = 4 << 20;
constexpr size_t kMaxTokenizerBytes = 256 << 20;

// The file's text; none where there is no file.
absl::StatusOr<std::optional<std::string>> ReadIfThere(const std::string& path,
                                                       size_t max_bytes) {
  absl::StatusOr<std::string> text = ReadTextFile(path, max_bytes);
  if (absl::IsNotFound(text.status())) return std::nullopt;
  if (!text.ok()) return text.status();
  return *std::move(text);
}

absl::StatusOr<nlohmann::json> ReadObjectIfThere(const std::string& path) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text,
                   ReadIfThere(path, kMaxConfigBytes));
  if (!text.has_value()) return nlohmann::json();
  absl::StatusOr<nlohmann::json> json = ParseJson(*text);
  if (!json.ok()) return Annotate(json.status(), path);
  if (!json->is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": expected a JSON object"));
  }
  return json;
}

}  // namespace

absl::StatusOr<std::string> ReadTextFile(const std::string& path,
                                         size_t max_bytes) {
  absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  const absl::Span<const uint8_t> bytes = file->bytes();
  if (bytes.size() > max_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, " has ", bytes.size(),
                                                   " bytes; at most ",
                                                   max_bytes, " are read"));
  }
  return std::string(bytes.begin(), bytes.end());
}

absl::StatusOr<ModelDirectory> ReadModelDirectory(const std::string& path) {
  ModelDirectory directory;
  directory.path = path;
  const auto file = [&](absl::string_view name) {
    return absl::StrCat(path, "/", name);
  };
  ASSIGN_OR_RETURN(directory.config, ReadObjectIfThere(file("config.json")));
  ASSIGN_OR_RETURN(directory.generation_config,
                   ReadObjectIfThere(file("generation_config.json")));
  ASSIGN_OR_RETURN(directory.tokenizer_config,
                   ReadObjectIfThere(file("tokenizer_config.json")));
  ASSIGN_OR_RETURN(directory.tokenizer_json,
                   ReadIfThere(file("tokenizer.json"), kMaxTokenizerBytes));
  ASSIGN_OR_RETURN(directory.chat_template,
                   ReadIfThere(file("chat_template.jinja"), kMaxConfigBytes));
  return directory;
}

}  // namespace tessera
