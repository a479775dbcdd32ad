// value.name and value[key], as Jinja looks them up.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/chat_template/budget.h"
#include "libs/chat_template/value.h"

namespace tessera::chat_template {

// Methods come before a dict's keys. Undefined where there is neither;
// InvalidArgument: `value` is undefined itself.
absl::StatusOr<Value> GetAttribute(const Value& value, absl::string_view name,
                                   Budget* budget);

// Keys and indices come before methods. Errors as above.
absl::StatusOr<Value> GetItem(const Value& value, const Value& key,
                              Budget* budget);

// value[start:stop:step]; nothing: left out. InvalidArgument: neither a list
// nor a text, or a step of 0.
struct Slice {
  std::optional<int64_t> start;
  std::optional<int64_t> stop;
  std::optional<int64_t> step;
};
absl::StatusOr<Value> GetSlice(const Value& value, const Slice& slice,
                               Budget* budget);

// The error of using an undefined value; `value` is one.
absl::Status UndefinedError(const Value& value);

}  // namespace tessera::chat_template
