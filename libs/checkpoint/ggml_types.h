// GGML's tensor types by number, as GGUF files name them.
//
// Also those that we do not compute with, so that a file that has them can be
// listed and refused by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/tensor/dtype.h"

namespace tessera {

struct GgmlType {
  uint32_t id;
  absl::string_view name;
  int block_elements;
  int block_bytes;
  std::optional<DType> dtype;  // none where we lack the type
};

// Null where the number means nothing to us.
// Source: enum ggml_type and type_traits of ggml.c, llama.cpp (MIT).
const GgmlType* FindGgmlType(uint32_t id);

uint32_t GgmlTypeId(DType dtype);

// "BF16, F16, ...": the types that load.
std::string SupportedGgmlTypes();

// Bytes of a tensor of row-major `shape`. InvalidArgument: the row is not whole
// blocks, or the product overflows. Dimensions are not negative.
absl::StatusOr<int64_t> GgmlTensorBytes(const GgmlType& type,
                                        absl::Span<const int64_t> shape);

}  // namespace tessera
