// One tile: consecutive queries of a sequence, the group of query heads of one
// key/value head, against that head's keys.
#pragma once

#include <cstdint>

#include "libs/device/worker_team.h"
#include "libs/kernels/attention/chunk_kernels.h"

namespace tessera::attention {

// Register tiles round rows up: so many more than a tile has may be read.
inline constexpr int kRowPadding = 16;

// Where a sequence's blocks of one head are.
struct HeadBlocks {
  const uint8_t* base = nullptr;  // the head in block 0
  int64_t stride_bytes = 0;
  const int32_t* block_table = nullptr;  // null: block i is i

  const uint8_t* operator[](int64_t index) const {
    return base +
           (block_table == nullptr ? index : block_table[index]) * stride_bytes;
  }
};

struct Tile {
  QueryRows queries;
  HeadBlocks blocks;
  int64_t first_position = 0;  // of its first query
  int64_t num_keys = 0;        // of its sequence
  bool causal = true;
  int64_t window = 0;
  OutputRows output;
  float* log_sum_exp = nullptr;  // query i's group at + i * stride; may be null
  int64_t log_sum_exp_stride = 0;

  int num_rows() const { return queries.num_queries * queries.group; }
  // Keys visible to query i.
  device::Range Visible(int i) const;
  // Chunks that hold a key visible to some query: never empty.
  device::Range Chunks() const;
};

// Memory for one tile of up to `num_rows`, in one worker's hands.
class TileScratch {
 public:
  static int64_t Bytes(const ChunkKernels& kernels, int num_rows, int head_dim);
  TileScratch(const ChunkKernels& kernels, int num_rows, int head_dim,
              uint8_t* memory);

  uint8_t* queries() const { return queries_; }
  KeyRange* visible() const { return visible_; }
  uint8_t* kernel() const { return kernel_; }
  const RowStates& states() const { return states_; }

 private:
  uint8_t* queries_;
  KeyRange* visible_;
  uint8_t* kernel_;
  RowStates states_;
};

int64_t RowStatesBytes(int num_rows, int head_dim);
// Of `num_rows` rows in `memory`, 64-byte aligned; not cleared.
RowStates RowStatesAt(uint8_t* memory, int num_rows, int head_dim);
void ClearRowStates(int num_rows, int head_dim, const RowStates& states);

// What the worker reads after this: the first chunk of its next tile.
struct NextChunk {
  const Tile* tile = nullptr;  // null: nothing known
  int64_t chunk = 0;
};

// Merges chunks in key order into scratch.states(), whose tile's queries stand
// prepared in scratch.queries(). With `slots`, chunk c is merged into cleared
// states of its own at slots + (c - first_slot) * RowStatesBytes instead.
struct Slots {
  uint8_t* memory = nullptr;
  int64_t first_chunk = 0;
};
void AttendChunks(const ChunkKernels& kernels, const Tile& tile,
                  device::Range chunks, const Slots& slots,
                  const NextChunk& next, const TileScratch& scratch);

// Merges the chunks' slots into scratch.states(), in key order.
void MergeSlots(const ChunkKernels& kernels, const Tile& tile,
                const Slots& slots, const TileScratch& scratch);

// Outputs, and log_sum_exp where wanted, from scratch.states().
void FinishTile(const ChunkKernels& kernels, const Tile& tile,
                const TileScratch& scratch);

}  // namespace tessera::attention
