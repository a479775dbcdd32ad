// Sizes a flash-attention tile from a device's on-chip memory.
//
// A tile is a block of queries (with the query heads that share a key/value
// head) against a block of keys. While it is worked on, its queries, keys and
// values should stay on chip: in a core's L2 cache, or in a GPU's shared
// memory. The plan decides time alone: results do not depend on it.
#pragma once

#include <cstdint>
#include <string>

namespace tessera::attention {

struct TileDevice {
  int64_t on_chip_bytes = 0;
  // Keys and values held at once: 2 where the next tile's arrive while this
  // one's are used.
  int stages = 2;
  // Whether running sums of values stand on chip too (f32), or in registers.
  bool holds_sums = true;
};

// Half of a core's L2: the other half is for what streams through it.
TileDevice CpuTileDevice(int64_t l2_bytes);
// Shared memory of a GPU's block: 96 KiB unless the device has less. Sums stay
// in registers.
TileDevice GpuTileDevice(int64_t shared_bytes = int64_t{96} << 10);

struct TileRequest {
  int head_dim = 0;
  int group = 1;        // query heads that a tile takes along for each query
  int query_bytes = 2;  // of one element on chip
  int kv_bytes = 2;
  int64_t max_queries = 128;
  int64_t max_keys = 128;
  int64_t min_keys = 32;  // keys are never fewer
};

struct TilePlan {
  int64_t queries = 0;
  int64_t keys = 0;
  int64_t bytes = 0;  // on chip
  TileDevice device;
  TileRequest request;

  // "64 queries x 128 keys: 3 heads of 64 take 147,456 of ... bytes; ..."
  std::string Explain() const;
};

// The largest tile that fits: from max_queries x max_keys the longer side is
// halved, queries first where they are equal, down to 16 x min_keys, which is
// used even where it does not fit.
TilePlan PlanTile(const TileDevice& device, const TileRequest& request);

}  // namespace tessera::attention
