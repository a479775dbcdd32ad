#include "libs/checkpoint/safetensors_types.h"

#include <vector>

#include "absl/strings/str_join.h"

namespace tessera {
namespace {

constexpr SafetensorsType kTypes[] = {
    {"F32", 4, DType::kF32}, {"F16", 2, DType::kF16}, {"BF16", 2, DType::kBF16},
    {"I8", 1, DType::kI8},   {"I32", 4, DType::kI32}, {"BOOL", 1, {}},
    {"U8", 1, {}},           {"F8_E5M2", 1, {}},      {"F8_E4M3", 1, {}},
    {"F8_E8M0", 1, {}},      {"I16", 2, {}},          {"U16", 2, {}},
    {"U32", 4, {}},          {"F64", 8, {}},          {"I64", 8, {}},
    {"U64", 8, {}},          {"C64", 8, {}},
};

}  // namespace

const SafetensorsType* FindSafetensorsType(absl::string_view name) {
  for (const SafetensorsType& type : kTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

std::string SupportedSafetensorsTypes() {
  std::vector<absl::string_view> names;
  for (const SafetensorsType& type : kTypes) {
    if (type.dtype.has_value()) names.push_back(type.name);
  }
  return absl::StrJoin(names, ", ");
}

}  // namespace tessera
