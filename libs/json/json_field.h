// JsonField: a value of a parsed JSON text and where it stands, so that an
// error can say so.
//
//   JsonField root(&json, "");
//   ASSIGN_OR_RETURN(int64_t n, root.Get("model").Get("n").Int(1, 128));
//   // "model.n: must be an integer from 1 to 128, not 0"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace tessera {

class JsonField {
 public:
  // `value` outlives the field and those got from it.
  JsonField(const nlohmann::json* value, std::string path)
      : value_(value), path_(std::move(path)) {}

  const nlohmann::json& value() const { return *value_; }
  const std::string& path() const { return path_; }
  bool IsNull() const { return value_->is_null(); }

  // The member `key` of an object; null for a value that is missing.
  JsonField Get(const char* key) const;
  // The element of an array; `index` is below its size.
  JsonField At(size_t index) const;

  // InvalidArgument, "<path>: must be ..., not ...", if the value is another.
  absl::StatusOr<std::string> String() const;
  absl::StatusOr<bool> Bool(std::optional<bool> if_null = std::nullopt) const;
  absl::StatusOr<int64_t> Int(int64_t min, int64_t max) const;
  absl::StatusOr<double> Number(double min, double max) const;
  absl::StatusOr<size_t> ArraySize() const;
  absl::Status ExpectObject() const;

  absl::Status Error(absl::string_view what) const;        // InvalidArgument
  absl::Status Unsupported(absl::string_view what) const;  // Unimplemented
  // Error "must be <what>, not <the value, or its kind if it is long>".
  absl::Status MustBe(absl::string_view what) const;

 private:
  const nlohmann::json* value_;
  std::string path_;
};

}  // namespace tessera
