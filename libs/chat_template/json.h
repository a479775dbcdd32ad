// The caller's variables as values.
#pragma once

#include "absl/status/statusor.h"
#include "libs/chat_template/budget.h"
#include "libs/chat_template/text.h"
#include "libs/chat_template/value.h"
#include "nlohmann/json.hpp"

namespace tessera::chat_template {

inline constexpr int kMaxJsonDepth = 60;

// Every text of it has the origin given. InvalidArgument: nested deeper than
// kMaxJsonDepth.
absl::StatusOr<Value> FromJson(const nlohmann::ordered_json& json,
                               Origin origin, Budget* budget, int level = 0);

}  // namespace tessera::chat_template
