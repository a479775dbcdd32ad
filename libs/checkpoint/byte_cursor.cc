#include "libs/checkpoint/byte_cursor.h"

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/file_error.h"

namespace tessera {

absl::StatusOr<absl::Span<const uint8_t>> ByteCursor::ReadBytes(
    uint64_t size, absl::string_view field) {
  if (remaining() < size) return Truncated(size, field);
  const absl::Span<const uint8_t> bytes = bytes_.subspan(position_, size);
  position_ += size;
  return bytes;
}

absl::StatusOr<absl::string_view> ByteCursor::ReadString(
    absl::string_view field) {
  ASSIGN_OR_RETURN(const uint64_t length, Read<uint64_t>(field));
  ASSIGN_OR_RETURN(const absl::Span<const uint8_t> bytes,
                   ReadBytes(length, field));
  return absl::string_view(reinterpret_cast<const char*>(bytes.data()),
                           bytes.size());
}

absl::Status ByteCursor::Error(absl::string_view message) const {
  return ErrorAt(position_, message);
}

absl::Status ByteCursor::Truncated(uint64_t size,
                                   absl::string_view field) const {
  return Error(absl::StrCat(field, " takes ", size, " bytes, but ", remaining(),
                            " remain in the file"));
}

}  // namespace tessera
