// The order of sort, dictsort, unique, min and max.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/chat_template/budget.h"
#include "libs/chat_template/value.h"

namespace tessera::chat_template {

// `value` without case where it is a text and case does not matter.
Value SortKey(const Value& value, bool is_case_sensitive);

// The indices of `keys` in rising (or falling) order, equals in their own.
// InvalidArgument: keys without an order between them.
absl::StatusOr<std::vector<size_t>> SortedIndices(
    const std::vector<Value>& keys, bool is_reversed, Budget* budget);

// value.a.b of the path "a.b", whose parts may be indices; empty: `value`.
absl::StatusOr<Value> GetPath(const Value& value, absl::string_view path,
                              Budget* budget);

}  // namespace tessera::chat_template
