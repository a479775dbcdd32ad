// ParseJson: JSON text that nobody vouches for, into nlohmann::json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace tessera {

struct JsonLimits {
  size_t max_depth = 64;
  // A value takes 16 bytes and what it holds, whatever its text takes.
  size_t max_values = std::numeric_limits<size_t>::max();
};

// InvalidArgument, with the offset, for text that is not valid JSON or UTF-8
// (lone surrogates included); for an object that names a key twice; for values
// beyond the limits. Without max_values the result takes up to some 20 times
// the memory of `text`: bound its size first.
absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text,
                                         const JsonLimits& limits = {});

// The error for what json_sax::parse_error tells: `num_read` bytes were read,
// of a text that starts at `offset` in its file. Printable ASCII, whatever the
// text is.
absl::Status JsonError(uint64_t offset, uint64_t num_read,
                       const nlohmann::json::exception& error);

}  // namespace tessera
