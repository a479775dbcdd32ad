// Python's operators.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/chat_template/budget.h"
#include "libs/chat_template/value.h"

namespace tessera::chat_template {

// + - * / // % **. InvalidArgument: types that they do not join, a division by
// zero, an integer beyond 64 bits.
absl::StatusOr<Value> Compute(absl::string_view op, const Value& left,
                              const Value& right, Budget* budget);

// == != < <= > >= in, "not in". InvalidArgument: no order, no container.
absl::StatusOr<bool> Compare(absl::string_view op, const Value& left,
                             const Value& right, Budget* budget);

// - or +.
absl::StatusOr<Value> Negate(absl::string_view op, const Value& value);

}  // namespace tessera::chat_template
