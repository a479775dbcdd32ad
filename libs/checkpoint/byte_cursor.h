// ByteCursor: reads little-endian fields one after the other, never past the
// end. Errors name the offset and the field.
#pragma once

#include <cstdint>
#include <cstring>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tessera {

class ByteCursor {
 public:
  explicit ByteCursor(absl::Span<const uint8_t> bytes) : bytes_(bytes) {}

  uint64_t position() const { return position_; }
  uint64_t remaining() const { return bytes_.size() - position_; }

  // `field` is what the message calls it: "tensor count".
  template <typename T>
  absl::StatusOr<T> Read(absl::string_view field) {
    if (remaining() < sizeof(T)) return Truncated(sizeof(T), field);
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  absl::StatusOr<absl::Span<const uint8_t>> ReadBytes(uint64_t size,
                                                      absl::string_view field);

  // A 64-bit length, then as many bytes.
  absl::StatusOr<absl::string_view> ReadString(absl::string_view field);

  // An error at the current position.
  absl::Status Error(absl::string_view message) const;

 private:
  absl::Status Truncated(uint64_t size, absl::string_view field) const;

  absl::Span<const uint8_t> bytes_;
  uint64_t position_ = 0;
};

}  // namespace tessera
