#include "libs/checkpoint/gguf_metadata.h"

#include <cstring>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"

namespace tessera {
namespace {

struct TypeTraits {
  absl::string_view name;
  int bytes;
};

constexpr TypeTraits kTypes[kNumMetadataTypes] = {
    {"uint8", 1},  {"int8", 1},    {"uint16", 2},  {"int16", 2},  {"uint32", 4},
    {"int32", 4},  {"float32", 4}, {"bool", 1},    {"string", 0}, {"array", 0},
    {"uint64", 8}, {"int64", 8},   {"float64", 8},
};

template <typename T>
T Load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

absl::Status WrongType(absl::string_view wanted, const MetadataValue& value) {
  return absl::InvalidArgumentError(absl::StrCat(
      "expected an array of ", wanted, ", found ", TypeString(value)));
}

// Null where `value` is no array, or one of another element type than those.
const MetadataArray* ArrayOf(const MetadataValue& value,
                             std::initializer_list<MetadataType> types) {
  const auto* array = std::get_if<MetadataArray>(&value.value);
  if (array == nullptr) return nullptr;
  for (const MetadataType type : types) {
    if (array->element_type == type) return array;
  }
  return nullptr;
}

std::optional<int64_t> LoadInt(MetadataType type, const uint8_t* bytes) {
  switch (type) {
    case MetadataType::kUint8:
      return Load<uint8_t>(bytes);
    case MetadataType::kInt8:
      return Load<int8_t>(bytes);
    case MetadataType::kUint16:
      return Load<uint16_t>(bytes);
    case MetadataType::kInt16:
      return Load<int16_t>(bytes);
    case MetadataType::kUint32:
      return Load<uint32_t>(bytes);
    case MetadataType::kInt32:
      return Load<int32_t>(bytes);
    case MetadataType::kInt64:
      return Load<int64_t>(bytes);
    case MetadataType::kUint64: {
      const uint64_t value = Load<uint64_t>(bytes);
      if (value > std::numeric_limits<int64_t>::max()) return std::nullopt;
      return static_cast<int64_t>(value);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

absl::string_view MetadataTypeName(MetadataType type) {
  return kTypes[static_cast<uint32_t>(type)].name;
}

int MetadataTypeBytes(MetadataType type) {
  return kTypes[static_cast<uint32_t>(type)].bytes;
}

std::string TypeString(const MetadataValue& value) {
  if (const auto* array = std::get_if<MetadataArray>(&value.value)) {
    return absl::StrCat("array of ", array->size, " ",
                        MetadataTypeName(array->element_type));
  }
  return std::string(MetadataTypeName(value.type));
}

absl::StatusOr<std::vector<absl::string_view>> ArrayStrings(
    const MetadataValue& value) {
  const MetadataArray* array = ArrayOf(value, {MetadataType::kString});
  if (array == nullptr) return WrongType("string", value);
  std::vector<absl::string_view> strings;
  strings.reserve(array->size);  // the parser has seen each of them
  const uint8_t* next = array->bytes.data();
  for (uint64_t i = 0; i < array->size; ++i) {
    const uint64_t length = Load<uint64_t>(next);
    next += sizeof(length);
    strings.emplace_back(reinterpret_cast<const char*>(next), length);
    next += length;
  }
  DCHECK(next == array->bytes.data() + array->bytes.size());
  return strings;
}

absl::StatusOr<std::vector<double>> ArrayFloats(const MetadataValue& value) {
  const MetadataArray* array =
      ArrayOf(value, {MetadataType::kFloat32, MetadataType::kFloat64});
  if (array == nullptr) return WrongType("float32 or float64", value);
  const bool is_float32 = array->element_type == MetadataType::kFloat32;
  std::vector<double> floats(array->size);
  const uint8_t* next = array->bytes.data();
  for (double& element : floats) {
    element = is_float32 ? Load<float>(next) : Load<double>(next);
    next += is_float32 ? sizeof(float) : sizeof(double);
  }
  return floats;
}

absl::StatusOr<std::vector<int64_t>> ArrayInts(const MetadataValue& value) {
  const MetadataArray* array = ArrayOf(
      value, {MetadataType::kUint8, MetadataType::kInt8, MetadataType::kUint16,
              MetadataType::kInt16, MetadataType::kUint32, MetadataType::kInt32,
              MetadataType::kUint64, MetadataType::kInt64});
  if (array == nullptr) return WrongType("integers", value);
  std::vector<int64_t> ints(array->size);
  const uint8_t* next = array->bytes.data();
  for (int64_t& element : ints) {
    const std::optional<int64_t> loaded = LoadInt(array->element_type, next);
    if (!loaded.has_value()) {
      return absl::InvalidArgumentError("an element is over the int64 range");
    }
    element = *loaded;
    next += MetadataTypeBytes(array->element_type);
  }
  return ints;
}

absl::StatusOr<std::vector<bool>> ArrayBools(const MetadataValue& value) {
  const MetadataArray* array = ArrayOf(value, {MetadataType::kBool});
  if (array == nullptr) return WrongType("bool", value);
  std::vector<bool> bools(array->size);
  for (uint64_t i = 0; i < array->size; ++i) bools[i] = array->bytes[i] != 0;
  return bools;
}

}  // namespace tessera
