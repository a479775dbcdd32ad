// Values of GGUF metadata, as views into the file.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tessera {

// Numbered as in the file. Source: gguf.md of ggml (MIT).
enum class MetadataType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};
inline constexpr uint32_t kNumMetadataTypes = 13;

// "uint32", "string", ...
absl::string_view MetadataTypeName(MetadataType type);

// Bytes of one value in a file; 0 for strings and arrays, which vary.
int MetadataTypeBytes(MetadataType type);

// An array where it stands in the file: `bytes` are exactly its elements, every
// length among them already checked. No alignment.
struct MetadataArray {
  MetadataType element_type;
  uint64_t size;
  absl::Span<const uint8_t> bytes;
};

// Integers are widened by their sign, both floats to double; `type` says what
// the file has. Strings may be any bytes.
struct MetadataValue {
  MetadataType type;
  std::variant<bool, uint64_t, int64_t, double, absl::string_view,
               MetadataArray>
      value;
};

// The value's type for messages: "uint32", "array of 3 string".
std::string TypeString(const MetadataValue& value);

// The elements of an array. InvalidArgument, naming the type found, where
// `value` is no array of strings (floats; integers that fit an int64; bools).
absl::StatusOr<std::vector<absl::string_view>> ArrayStrings(
    const MetadataValue& value);
absl::StatusOr<std::vector<double>> ArrayFloats(const MetadataValue& value);
absl::StatusOr<std::vector<int64_t>> ArrayInts(const MetadataValue& value);
absl::StatusOr<std::vector<bool>> ArrayBools(const MetadataValue& value);

}  // namespace tessera
