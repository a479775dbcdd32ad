// ParseJson: JSON text from a file, into nlohmann::json, without surprises.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace tessera {

// InvalidArgument, with the offset, for text that is not valid JSON or UTF-8;
// for an object that names a key twice; for values nested over 64 deep. The
// result takes up to some 20 times the memory of `text`: bound its size first.
absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text);

// The error for what json_sax::parse_error tells: `num_read` bytes were read,
// of a text that starts at `offset` in its file.
absl::Status JsonError(uint64_t offset, uint64_t num_read,
                       const nlohmann::json::exception& error);

}  // namespace tessera
