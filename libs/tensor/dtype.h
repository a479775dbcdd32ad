// Element types of tensors, in memory and in files.
//
// The quantized ones are GGML's block formats (ggml-common.h of llama.cpp is
// their specification): a block of 32 or 256 consecutive elements of a row
// shares scales. Their layouts are the structs of block_formats.h.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tessera {

enum class DType : uint8_t {
  kF32,
  kF16,
  kBF16,
  kI8,
  kI32,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ4_K,
  kQ5_K,
  kQ6_K,
};
inline constexpr int kNumDTypes = 13;

struct DTypeTraits {
  absl::string_view name;  // as users write it: "Q4_1"
  int block_elements;      // elements that share scales; 1 where none do
  int block_bytes;
};

const DTypeTraits& Traits(DType dtype);
inline absl::string_view DTypeName(DType dtype) { return Traits(dtype).name; }
inline bool IsQuantized(DType dtype) {
  return Traits(dtype).block_elements > 1;
}

// Bytes of one row of `num_elements`. InvalidArgument where the row is
// negative, is not a whole number of blocks, or its bytes overflow int64.
absl::StatusOr<int64_t> RowBytes(DType dtype, int64_t num_elements);

}  // namespace tessera
