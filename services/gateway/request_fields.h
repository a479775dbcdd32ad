// Optional members of a request's object. Absent and null leave *value as it
// is. InvalidArgument, "<path>: must be ..., not ...": another type, or out of
// bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "libs/base/status_macros.h"
#include "libs/json/json_field.h"

namespace tessera::gateway {

absl::Status ReadBool(const JsonField& object, const char* name, bool* value);

// At most max_bytes long, without NUL.
absl::Status ReadText(const JsonField& object, const char* name,
                      size_t max_bytes, std::string* value);

template <typename T>
absl::Status ReadInt(const JsonField& object, const char* name, int64_t min,
                     int64_t max, T* value) {
  const JsonField field = object.Get(name);
  if (field.IsNull()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int64_t integer, field.Int(min, max));
  *value = static_cast<T>(integer);
  return absl::OkStatus();
}

// A string of at most max_bytes that is there.
absl::StatusOr<std::string> BoundedText(const JsonField& field,
                                        size_t max_bytes);

}  // namespace tessera::gateway
