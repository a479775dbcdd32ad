#include "libs/checkpoint/ggml_types.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/check.h"
#include "libs/tensor/tensor_view.h"

namespace tessera {
namespace {

constexpr GgmlType kTypes[] = {
    {0, "F32", 1, 4, DType::kF32},
    {1, "F16", 1, 2, DType::kF16},
    {2, "Q4_0", 32, 18, DType::kQ4_0},
    {3, "Q4_1", 32, 20, DType::kQ4_1},
    {6, "Q5_0", 32, 22, DType::kQ5_0},
    {7, "Q5_1", 32, 24, DType::kQ5_1},
    {8, "Q8_0", 32, 34, DType::kQ8_0},
    {9, "Q8_1", 32, 36, {}},
    {10, "Q2_K", 256, 84, {}},
    {11, "Q3_K", 256, 110, {}},
    {12, "Q4_K", 256, 144, DType::kQ4_K},
    {13, "Q5_K", 256, 176, DType::kQ5_K},
    {14, "Q6_K", 256, 210, DType::kQ6_K},
    {15, "Q8_K", 256, 292, {}},
    {16, "IQ2_XXS", 256, 66, {}},
    {17, "IQ2_XS", 256, 74, {}},
    {18, "IQ3_XXS", 256, 98, {}},
    {19, "IQ1_S", 256, 50, {}},
    {20, "IQ4_NL", 32, 18, {}},
    {21, "IQ3_S", 256, 110, {}},
    {22, "IQ2_S", 256, 82, {}},
    {23, "IQ4_XS", 256, 136, {}},
    {24, "I8", 1, 1, DType::kI8},
    {25, "I16", 1, 2, {}},
    {26, "I32", 1, 4, DType::kI32},
    {27, "I64", 1, 8, {}},
    {28, "F64", 1, 8, {}},
    {29, "IQ1_M", 256, 56, {}},
    {30, "BF16", 1, 2, DType::kBF16},
    {34, "TQ1_0", 256, 54, {}},
    {35, "TQ2_0", 256, 66, {}},
    {39, "MXFP4", 32, 17, {}},
    {40, "NVFP4", 64, 36, {}},
    {41, "Q1_0", 128, 18, {}},
};

}  // namespace

const GgmlType* FindGgmlType(uint32_t id) {
  for (const GgmlType& type : kTypes) {
    if (type.id == id) return &type;
  }
  return nullptr;
}

uint32_t GgmlTypeId(DType dtype) {
  for (const GgmlType& type : kTypes) {
    if (type.dtype == dtype) return type.id;
  }
  CHECK(false) << "no GGML type for " << DTypeName(dtype);
  return 0;
}

std::string SupportedGgmlTypes() {
  std::vector<absl::string_view> names;
  for (const GgmlType& type : kTypes) {
    if (type.dtype.has_value()) names.push_back(type.name);
  }
  return absl::StrJoin(names, ", ");
}

absl::StatusOr<int64_t> GgmlTensorBytes(const GgmlType& type,
                                        absl::Span<const int64_t> shape) {
  const int64_t row = shape.empty() ? 1 : shape.back();
  if (row % type.block_elements != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a row of ", row, " elements is not a whole number of ",
                     type.name, " blocks of ", type.block_elements));
  }
  int64_t bytes = 0;
  bool overflows = __builtin_mul_overflow(row / type.block_elements,
                                          type.block_bytes, &bytes);
  for (size_t i = 0; i + 1 < shape.size(); ++i) {
    overflows |= __builtin_mul_overflow(bytes, shape[i], &bytes);
  }
  if (overflows) {
    return absl::InvalidArgumentError(
        absl::StrCat("shape ", ShapeString(shape), " overflows"));
  }
  return bytes;
}

}  // namespace tessera
