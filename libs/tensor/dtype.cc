#include "libs/tensor/dtype.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"

namespace tessera {
namespace {

constexpr DTypeTraits kTraits[kNumDTypes] = {
    {"F32", 1, 4},      {"F16", 1, 2},      {"BF16", 1, 2},
    {"I8", 1, 1},       {"I32", 1, 4},      {"Q4_0", 32, 18},
    {"Q4_1", 32, 20},   {"Q5_0", 32, 22},   {"Q5_1", 32, 24},
    {"Q8_0", 32, 34},   {"Q4_K", 256, 144}, {"Q5_K", 256, 176},
    {"Q6_K", 256, 210},
};

}  // namespace

const DTypeTraits& Traits(DType dtype) {
  DCHECK(static_cast<int>(dtype) < kNumDTypes);
  return kTraits[static_cast<int>(dtype)];
}

absl::StatusOr<int64_t> RowBytes(DType dtype, int64_t num_elements) {
  const DTypeTraits& traits = Traits(dtype);
  if (num_elements < 0 || num_elements % traits.block_elements != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a row of ", num_elements, " elements is not a whole number of ",
        traits.name, " blocks of ", traits.block_elements));
  }
  const int64_t num_blocks = num_elements / traits.block_elements;
  if (num_blocks > std::numeric_limits<int64_t>::max() / traits.block_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a row of ", num_elements, " elements overflows"));
  }
  return num_blocks * traits.block_bytes;
}

}  // namespace tessera
