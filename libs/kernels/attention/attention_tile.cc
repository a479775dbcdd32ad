#include "libs/kernels/attention/attention_tile.h"

#include <algorithm>
#include <cmath>

namespace tessera::attention {
namespace {

using device::Range;

constexpr int64_t kAlignment = 64;

int64_t AlignUp(int64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

int64_t QueryBytes(const ChunkKernels& kernels, int num_rows, int head_dim) {
  return AlignUp(kernels.query_bytes(num_rows + kRowPadding, head_dim));
}

int64_t VisibleBytes(int num_rows) {
  return AlignUp(static_cast<int64_t>(sizeof(KeyRange)) *
                 (num_rows + kRowPadding));
}

// The blocks of `chunk` that hold a key of `keys`; null elsewhere.
void FindBlocks(const Tile& tile, const Range& keys, int64_t chunk,
                const uint8_t** blocks) {
  const int64_t first = chunk * kChunkBlocks;
  const int64_t begin = keys.begin / kKvBlockTokens;
  const int64_t end = (keys.end + kKvBlockTokens - 1) / kKvBlockTokens;
  for (int b = 0; b < kChunkBlocks; ++b) {
    const int64_t block = first + b;
    blocks[b] = block >= begin && block < end ? tile.blocks[block] : nullptr;
  }
}

// Keys visible to any query of the tile.
Range AnyVisible(const Tile& tile) {
  return {tile.Visible(0).begin,
          tile.Visible(tile.queries.num_queries - 1).end};
}

// Fills `visible` for one chunk; false where every row sees all of it.
bool FillVisible(const Tile& tile, int64_t chunk, KeyRange* visible) {
  const int64_t begin = chunk * kChunkKeys;
  const int64_t end = begin + kChunkKeys;
  const int num_queries = tile.queries.num_queries;
  // Both ends move forward with the query.
  if (tile.Visible(0).end >= end &&
      tile.Visible(num_queries - 1).begin <= begin) {
    return false;
  }
  for (int i = 0; i < num_queries; ++i) {
    const Range keys = tile.Visible(i);
    const KeyRange range = {
        static_cast<int32_t>(std::clamp(keys.begin, begin, end) - begin),
        static_cast<int32_t>(std::clamp(keys.end, begin, end) - begin)};
    visible = std::fill_n(visible, tile.queries.group, range);
  }
  // Padding repeats the last row, that it may not widen the blocks read.
  std::fill_n(visible, kRowPadding, visible[-1]);
  return true;
}

}  // namespace

Range Tile::Visible(int i) const {
  const int64_t position = first_position + i;
  return {window > 0 ? std::max<int64_t>(position + 1 - window, 0) : 0,
          causal ? position + 1 : num_keys};
}

Range Tile::Chunks() const {
  const Range keys = AnyVisible(*this);
  return {keys.begin / kChunkKeys, (keys.end + kChunkKeys - 1) / kChunkKeys};
}

int64_t RowStatesBytes(int num_rows, int head_dim) {
  return 2 * AlignUp(4 * (num_rows + kRowPadding)) +
         AlignUp(int64_t{4} * num_rows * head_dim);
}

RowStates RowStatesAt(uint8_t* memory, int num_rows, int head_dim) {
  const int64_t row_bytes = AlignUp(4 * (num_rows + kRowPadding));
  return {reinterpret_cast<float*>(memory),
          reinterpret_cast<float*>(memory + row_bytes),
          reinterpret_cast<float*>(memory + 2 * row_bytes)};
}

void ClearRowStates(int num_rows, int head_dim, const RowStates& states) {
  std::fill_n(states.max, num_rows, kNoScore);
  std::fill_n(states.sum, num_rows, 0.0f);
  std::fill_n(states.values, int64_t{num_rows} * head_dim, 0.0f);
}

int64_t TileScratch::Bytes(const ChunkKernels& kernels, int num_rows,
                           int head_dim) {
  return QueryBytes(kernels, num_rows, head_dim) + VisibleBytes(num_rows) +
         AlignUp(kernels.scratch_bytes(head_dim)) +
         RowStatesBytes(num_rows, head_dim);
}

TileScratch::TileScratch(const ChunkKernels& kernels, int num_rows,
                         int head_dim, uint8_t* memory)
    : queries_(memory),
      visible_(reinterpret_cast<KeyRange*>(
          queries_ + QueryBytes(kernels, num_rows, head_dim))),
      kernel_(reinterpret_cast<uint8_t*>(visible_) + VisibleBytes(num_rows)),
      states_(RowStatesAt(kernel_ + AlignUp(kernels.scratch_bytes(head_dim)),
                          num_rows, head_dim)) {}

void AttendChunks(const ChunkKernels& kernels, const Tile& tile, Range chunks,
                  const Slots& slots, const NextChunk& next,
                  const TileScratch& scratch) {
  const int num_rows = tile.num_rows();
  const int head_dim = tile.queries.head_dim;
  const Range keys = AnyVisible(tile);
  ChunkArgs args;
  args.head_dim = head_dim;
  args.num_rows = num_rows;
  args.queries = scratch.queries();
  args.states = scratch.states();
  args.scratch = scratch.kernel();
  FindBlocks(tile, keys, chunks.begin, args.next_blocks);
  for (int64_t chunk = chunks.begin; chunk < chunks.end; ++chunk) {
    std::copy_n(args.next_blocks, kChunkBlocks, args.blocks);
    if (chunk + 1 < chunks.end) {
      FindBlocks(tile, keys, chunk + 1, args.next_blocks);
    } else if (next.tile != nullptr) {
      FindBlocks(*next.tile, AnyVisible(*next.tile), next.chunk,
                 args.next_blocks);
    } else {
      std::fill_n(args.next_blocks, kChunkBlocks, nullptr);
    }
    args.is_cold = chunk == chunks.begin;
    args.visible = FillVisible(tile, chunk, scratch.visible())
                       ? scratch.visible()
                       : nullptr;
    if (slots.memory != nullptr) {
      args.states =
          RowStatesAt(slots.memory + (chunk - slots.first_chunk) *
                                         RowStatesBytes(num_rows, head_dim),
                      num_rows, head_dim);
      ClearRowStates(num_rows, head_dim, args.states);
    }
    kernels.attend_chunk(args);
  }
}

void MergeSlots(const ChunkKernels& kernels, const Tile& tile,
                const Slots& slots, const TileScratch& scratch) {
  const int num_rows = tile.num_rows();
  const int head_dim = tile.queries.head_dim;
  const int64_t slot_bytes = RowStatesBytes(num_rows, head_dim);
  ClearRowStates(num_rows, head_dim, scratch.states());
  for (int64_t slot = 0; slot < tile.Chunks().size(); ++slot) {
    kernels.merge_states(
        RowStatesAt(slots.memory + slot * slot_bytes, num_rows, head_dim),
        num_rows, head_dim, scratch.states());
  }
}

void FinishTile(const ChunkKernels& kernels, const Tile& tile,
                const TileScratch& scratch) {
  const RowStates& states = scratch.states();
  kernels.finish_rows(states, tile.output);
  if (tile.log_sum_exp == nullptr) return;
  constexpr float kLn2 = 0.693147180559945f;
  for (int row = 0; row < tile.num_rows(); ++row) {
    const int query = row / tile.queries.group;
    tile.log_sum_exp[query * tile.log_sum_exp_stride +
                     row % tile.queries.group] =
        (states.max[row] + std::log2(states.sum[row])) * kLn2;
  }
}

}  // namespace tessera::attention
