#include "libs/kv_cache/kv_arena.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::kv_cache {
namespace {

constexpr int64_t kMaxBlockBytes = int64_t{1} << 40;

}  // namespace

absl::Status KvGeometry::Validate() const {
  if (block_tokens < 1 || num_layers < 1 || layer_bytes < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "KV block of ", block_tokens, " tokens, ", num_layers, " layers of ",
        layer_bytes, " bytes: each must be at least 1"));
  }
  if (layer_bytes % 64 != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "KV layer of ", layer_bytes, " bytes: must be a multiple of 64"));
  }
  if (layer_bytes > kMaxBlockBytes / num_layers) {
    return absl::InvalidArgumentError(
        absl::StrCat("KV block of ", num_layers, " layers of ", layer_bytes,
                     " bytes: must be at most ", kMaxBlockBytes, " bytes"));
  }
  return absl::OkStatus();
}

absl::StatusOr<int32_t> NumBlocksWithin(const KvGeometry& geometry,
                                        int64_t budget_bytes) {
  RETURN_IF_ERROR(geometry.Validate());
  const int64_t num_blocks = budget_bytes / geometry.block_bytes();
  if (num_blocks < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "KV memory of ", budget_bytes, " bytes: one block of ",
        geometry.block_tokens, " tokens takes ", geometry.block_bytes()));
  }
  return static_cast<int32_t>(
      std::min<int64_t>(num_blocks, std::numeric_limits<int32_t>::max()));
}

absl::StatusOr<KvArena> KvArena::Create(const KvGeometry& geometry,
                                        int32_t num_blocks) {
  RETURN_IF_ERROR(geometry.Validate());
  if (num_blocks < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a KV arena of ", num_blocks, " blocks"));
  }
  const int64_t block_bytes = geometry.block_bytes();
  if (num_blocks > std::numeric_limits<int64_t>::max() / block_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "a KV arena of ", num_blocks, " blocks of ", block_bytes, " bytes"));
  }
  absl::StatusOr<device::HugeBuffer> buffer =
      device::HugeBuffer::Allocate(num_blocks * block_bytes);
  if (!buffer.ok()) return Annotate(buffer.status(), "KV arena");
  return KvArena(geometry, num_blocks, *std::move(buffer));
}

KvArena::KvArena(const KvGeometry& geometry, int32_t num_blocks,
                 device::HugeBuffer buffer)
    : geometry_(geometry),
      num_blocks_(num_blocks),
      buffer_(std::move(buffer)) {}

void KvArena::CopyBlock(BlockId from, BlockId to) {
  CHECK(from != to) << "block " << from << " to itself";
  std::memcpy(block(to), block(from), geometry_.block_bytes());
}

}  // namespace tessera::kv_cache
