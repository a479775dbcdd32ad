// ModelDirectory: what stands beside a safetensors file: config.json and the
// tokenizer's files, as Hugging Face lays them out.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace tessera {

struct ModelDirectory {
  std::string path;

  // The object in config.json; null where there is no such file (a lone
  // .safetensors can still be listed).
  nlohmann::json config;

  // Objects, null where there is no such file.
  nlohmann::json generation_config;
  nlohmann::json tokenizer_config;

  // Texts; none where there is no such file.
  std::optional<std::string> tokenizer_json;
  std::optional<std::string> chat_template;  // chat_template.jinja
};

// Reads the files above from the directory `path`. InvalidArgument, with the
// file's name: one is too large, is not JSON, or is no object (tokenizer.json
// is not looked into).
absl::StatusOr<ModelDirectory> ReadModelDirectory(const std::string& path);

// A whole file of up to `max_bytes`. NotFound where there is none.
absl::StatusOr<std::string> ReadTextFile(const std::string& path,
                                         size_t max_bytes);

}  // namespace tessera
