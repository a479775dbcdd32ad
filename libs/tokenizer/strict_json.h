// JSON from a file that nobody vouches for.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tessera::tokenizer {

// InvalidArgument, with the offset: no JSON, a key twice in one object, or
// values nested more than 64 deep.
absl::StatusOr<nlohmann::json> ParseStrictJson(absl::string_view text);

// A JSON value and where it stands ("model.vocab"), so that an error can say
// so.
class JsonField {
 public:
  JsonField(const nlohmann::json* value, std::string path)
      : value_(value), path_(std::move(path)) {}

  const nlohmann::json& value() const { return *value_; }
  const std::string& path() const { return path_; }
  bool IsNull() const { return value_->is_null(); }

  // The member `key` of an object; null for a value that is missing.
  JsonField Get(const char* key) const;
  // The element of an array; `index` is below its size.
  JsonField At(size_t index) const;

  // InvalidArgument, naming the path, if the value has another type.
  absl::StatusOr<std::string> String() const;
  absl::StatusOr<bool> Bool(std::optional<bool> if_null = std::nullopt) const;
  absl::StatusOr<size_t> ArraySize() const;
  absl::Status ExpectObject() const;

  absl::Status Error(absl::string_view what) const;        // InvalidArgument
  absl::Status Unsupported(absl::string_view what) const;  // Unimplemented

 private:
  const nlohmann::json* value_;
  std::string path_;
};

}  // namespace tessera::tokenizer
