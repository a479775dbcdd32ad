// Text of a request: a message's, a prompt's, a prediction's.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/json/json_field.h"
#include "services/gateway/served_model.h"

namespace tessera::gateway {

// A longer text has more tokens than the context, as no token has so many
// bytes: refused without tokenizing it.
size_t MaxTextBytes(const ServedModel& model);

// A string, or a list of {"type": "text", "text": ...} parts, which are joined
// with `separator` between them; at most max_bytes in all.
absl::StatusOr<std::string> ReadContent(const JsonField& field,
                                        absl::string_view separator,
                                        size_t max_bytes);

}  // namespace tessera::gateway
