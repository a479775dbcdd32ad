// A template's source into statements.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/chat_template/ast.h"
#include "libs/chat_template/limits.h"

namespace tessera::chat_template {

// The name to which a rendered block is bound while its filters run; no
// template can write it.
inline constexpr absl::string_view kBlockName = "";

// InvalidArgument: "line 3: ...": not Jinja, or a statement that is not
// supported, or nested deeper than the limits allow.
absl::StatusOr<Body> ParseTemplate(absl::string_view source,
                                   const Limits& limits);

}  // namespace tessera::chat_template
