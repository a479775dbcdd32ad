#include "libs/kernels/attention/kv_layout.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tessera::attention {
namespace {

constexpr int kMaxHeads = 1 << 16;
constexpr int kLanes = 16;  // 32-bit lanes of 64 bytes

// Elements of one lane.
int PackedElements(KvDType dtype) { return dtype == KvDType::kI8 ? 4 : 2; }

}  // namespace

absl::string_view KvDTypeName(KvDType dtype) {
  switch (dtype) {
    case KvDType::kF32:
      return "f32";
    case KvDType::kBF16:
      return "bf16";
    case KvDType::kI8:
      return "int8";
  }
  return "unknown";
}

absl::Status ValidateAttentionShape(const AttentionShape& shape,
                                    KvDType dtype) {
  if (shape.num_heads < 1 || shape.num_heads > kMaxHeads) {
    return absl::InvalidArgumentError(absl::StrCat(
        "num_heads ", shape.num_heads, ": must be from 1 to ", kMaxHeads));
  }
  if (shape.num_kv_heads < 1 || shape.num_heads % shape.num_kv_heads != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("num_kv_heads ", shape.num_kv_heads,
                     ": must divide num_heads ", shape.num_heads));
  }
  const int granule = dtype == KvDType::kI8 ? 4 : 2;
  if (shape.head_dim < 1 || shape.head_dim > kMaxHeadDim ||
      shape.head_dim % granule != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "head_dim ", shape.head_dim, ": must be a multiple of ", granule,
        " up to ", kMaxHeadDim, " for a cache in ", KvDTypeName(dtype)));
  }
  return absl::OkStatus();
}

int64_t KvHeadBytes(KvDType dtype, int head_dim) {
  return 2 * KvValueOffset(dtype, head_dim);
}

int64_t KvValueOffset(KvDType dtype, int head_dim) {
  const int64_t num_elements = int64_t{kKvBlockTokens} * head_dim;
  switch (dtype) {
    case KvDType::kF32:
      return num_elements * 4;
    case KvDType::kBF16:
      return num_elements * 2;
    case KvDType::kI8:
      return num_elements + kKvBlockTokens * 4;
  }
  return 0;
}

int64_t KvKeyIndex(KvDType dtype, int head_dim, int slot, int dim) {
  if (dtype == KvDType::kF32) return int64_t{slot} * head_dim + dim;
  const int packed = PackedElements(dtype);
  return ((int64_t{slot / kLanes} * (head_dim / packed) + dim / packed) *
              kLanes +
          slot % kLanes) *
             packed +
         dim % packed;
}

int64_t KvValueIndex(KvDType dtype, int head_dim, int slot, int dim) {
  if (dtype == KvDType::kF32) return int64_t{slot} * head_dim + dim;
  const int packed = PackedElements(dtype);
  const int first = dim / kLanes * kLanes;
  const int width = std::min(kLanes, head_dim - first);
  return int64_t{first} * kKvBlockTokens +
         (int64_t{slot / packed} * width + dim % kLanes) * packed +
         slot % packed;
}

int64_t KvKeyScaleOffset(int head_dim) {
  return int64_t{kKvBlockTokens} * head_dim;
}

int64_t KvValueScaleOffset(int head_dim) {
  return KvValueOffset(KvDType::kI8, head_dim) +
         int64_t{kKvBlockTokens} * head_dim;
}

}  // namespace tessera::attention
