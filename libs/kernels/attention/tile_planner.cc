#include "libs/kernels/attention/tile_planner.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tessera::attention {
namespace {

// A tensor core's and a register tile's rows.
constexpr int64_t kFewestQueries = 16;

int64_t QueryBytes(const TileDevice& device, const TileRequest& request,
                   int64_t queries) {
  const int64_t element = request.query_bytes + (device.holds_sums ? 4 : 0);
  return queries * request.group * request.head_dim * element;
}

int64_t KeyBytes(const TileDevice& device, const TileRequest& request,
                 int64_t keys) {
  return device.stages * keys * 2 * request.head_dim * request.kv_bytes;
}

int64_t TileBytes(const TileDevice& device, const TileRequest& request,
                  int64_t queries, int64_t keys) {
  return QueryBytes(device, request, queries) + KeyBytes(device, request, keys);
}

}  // namespace

TileDevice CpuTileDevice(int64_t l2_bytes) {
  TileDevice device;
  device.on_chip_bytes = l2_bytes / 2;
  return device;
}

TileDevice GpuTileDevice(int64_t shared_bytes) {
  TileDevice device;
  device.on_chip_bytes = shared_bytes;
  device.holds_sums = false;
  return device;
}

TilePlan PlanTile(const TileDevice& device, const TileRequest& request) {
  int64_t queries = std::max(request.max_queries, kFewestQueries);
  int64_t keys = std::max(request.max_keys, request.min_keys);
  while (TileBytes(device, request, queries, keys) > device.on_chip_bytes) {
    const bool halve_queries = queries / 2 >= kFewestQueries &&
                               (queries >= keys || keys / 2 < request.min_keys);
    if (halve_queries) {
      queries /= 2;
    } else if (keys / 2 >= request.min_keys) {
      keys /= 2;
    } else {
      break;
    }
  }
  return {queries, keys, TileBytes(device, request, queries, keys), device,
          request};
}

std::string TilePlan::Explain() const {
  const bool is_largest =
      queries >= request.max_queries && keys >= request.max_keys;
  return absl::StrCat(
      queries, " queries x ", keys, " keys: ", request.group,
      request.group == 1 ? " head of " : " heads of ", request.head_dim,
      " a query take ", QueryBytes(device, request, queries),
      " bytes with their sums", device.holds_sums ? "" : " in registers",
      ", keys and values ", KeyBytes(device, request, keys), " in ",
      device.stages, " stages; ", bytes, " of ", device.on_chip_bytes,
      " bytes on chip",
      bytes > device.on_chip_bytes ? ", more than there are: the smallest tile"
      : is_largest                 ? ": the largest tile asked for"
                                   : ": the largest that fits");
}

}  // namespace tessera::attention
