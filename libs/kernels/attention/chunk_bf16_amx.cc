// A tile against one chunk of a bf16 cache, by AMX tiles.
//
// A block's keys and values lie as tdpbf16ps wants its second operand: 16 rows
// (pairs of dimensions, of tokens) of 16 lanes (tokens, dimensions) of a pair.
// The first is a group's 12 rows of queries or probabilities. 12 rows x 32
// columns x 16 lanes take 16 cycles, vdpbf16ps 192 on the same processors.
//
// A row's sums come in the order of the dimensions, of the tokens, whatever the
// other rows are. They are not vdpbf16ps's bits, which rounds otherwise.
#include <immintrin.h>

#include <cstdint>

#include "libs/device/amx_tiles.h"
#include "libs/kernels/attention/avx512_row_group.h"
#include "libs/kernels/attention/avx512_softmax.h"
#include "libs/kernels/attention/chunk_kernels.h"

namespace tessera::attention {
namespace {

constexpr int kProbabilityStride = 2 * kChunkKeys + 64;       // bytes
constexpr int kSliceBytes = kKvBlockTokens / 2 * kLanes * 4;  // of values
constexpr int kTileBytes = 64;                                // of a row
constexpr int kTileColumns = 32;
constexpr int kTileData = 16 * kTileBytes;

struct Group : RowGroup {
  const uint8_t* queries;  // [12][D] bf16
  alignas(64) uint8_t probabilities[kGroupRows * kProbabilityStride];  // bf16
  alignas(64) float values[4][kGroupRows][kLanes];  // of four slices
};

// Tiles 0 to 3 hold sums, 4 and 5 a group's rows, 6 and 7 keys or values. The
// last group of a tile computes all 12 rows too: what it has is the same.
constexpr device::TileConfig MakeConfig() {
  device::TileConfig config;
  for (int tile = 0; tile < 8; ++tile) {
    config.row_bytes[tile] = kTileBytes;
    config.rows[tile] = tile < 6 ? kGroupRows : 16;
  }
  return config;
}
constexpr device::TileConfig kConfig = MakeConfig();

void Prefetch(const uint8_t* data, int num_bytes) {
  for (int i = 0; i < num_bytes; i += 64) _mm_prefetch(data + i, _MM_HINT_T1);
}

// One group alone waits for memory, and prefetches what it needs next in two
// bursts. Several spread the next chunk's blocks over all of their
// exponentials: a burst fills the buffers of the cache's misses, and what is
// computed behind it waits for memory (a prompt of 512 at 4,096 takes 4% more).
inline bool SpreadsPrefetches(const ChunkArgs& args) {
  return args.num_rows > kGroupRows;
}

// The share of the next chunk's lines that goes with vector `v` of a group.
inline void PrefetchShare(const ChunkArgs& args, const Group& group, int v) {
  const int num_groups = (args.num_rows + kGroupRows - 1) / kGroupRows;
  const int num_shares = num_groups * kKeyVectors;
  const int share = group.first_row / kGroupRows * kKeyVectors + v;
  const int block_lines = 4 * kKvBlockTokens * args.head_dim / 64;
  const int num_lines = kChunkBlocks * block_lines;
  const int end = (share + 1) * num_lines / num_shares;
  for (int line = share * num_lines / num_shares; line < end; ++line) {
    const uint8_t* block = args.next_blocks[line / block_lines];
    if (block == nullptr) continue;
    _mm_prefetch(block + line % block_lines * 64, _MM_HINT_T1);
  }
}

// Scores against the 16 keys at `keys` and the 16 behind them.
inline void ScoreBlock(const Group& group, const uint8_t* keys, int head_dim,
                       float* scores) {
  const int64_t half_block = int64_t{2} * kLanes * head_dim;
  TESSERA_TILE_ZERO(0);
  TESSERA_TILE_ZERO(1);
  for (int d = 0; d < head_dim; d += kTileColumns) {
    TESSERA_TILE_LOAD(4, group.queries + 2 * d, 2 * head_dim);
    TESSERA_TILE_LOAD(6, keys, kTileBytes);
    TESSERA_TILE_PRODUCT(tdpbf16ps, 0, 4, 6);
    TESSERA_TILE_LOAD(7, keys + half_block, kTileBytes);
    TESSERA_TILE_PRODUCT(tdpbf16ps, 1, 4, 7);
    keys += kTileData;
  }
  TESSERA_TILE_STORE(0, scores, 4 * kScoreStride);
  TESSERA_TILE_STORE(1, scores + kLanes, 4 * kScoreStride);
}

template <bool kMasked>
inline void Exponentiate(const float* scores, Group& group, int v, int r) {
  const __m512 p = Probabilities<kMasked>(scores, group, v, r);
  _mm256_store_si256(
      reinterpret_cast<__m256i*>(group.probabilities + r * kProbabilityStride +
                                 v * kLanes * 2),
      reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(p)));
}

// Up to four slices of 16 dimensions, from `slice` on, of the weighted values.
inline void WeighFourSlices(const ChunkArgs& args, Group& group, int slice,
                            int num_slices) {
  const int64_t offset =
      int64_t{2} * kKvBlockTokens * args.head_dim + slice * kSliceBytes;
  TESSERA_TILE_ZERO(0);
  TESSERA_TILE_ZERO(1);
  TESSERA_TILE_ZERO(2);
  TESSERA_TILE_ZERO(3);
  for (int b = group.first_block; b < group.end_block; ++b) {
    const uint8_t* values = args.blocks[b] + offset;
    TESSERA_TILE_LOAD(4, group.probabilities + b * kTileBytes,
                      kProbabilityStride);
    TESSERA_TILE_LOAD(6, values, kTileBytes);
    TESSERA_TILE_PRODUCT(tdpbf16ps, 0, 4, 6);
    TESSERA_TILE_LOAD(7, values + kSliceBytes, kTileBytes);
    TESSERA_TILE_PRODUCT(tdpbf16ps, 1, 4, 7);
    if (num_slices <= 2) continue;
    TESSERA_TILE_LOAD(6, values + 2 * kSliceBytes, kTileBytes);
    TESSERA_TILE_PRODUCT(tdpbf16ps, 2, 4, 6);
    TESSERA_TILE_LOAD(7, values + 3 * kSliceBytes, kTileBytes);
    TESSERA_TILE_PRODUCT(tdpbf16ps, 3, 4, 7);
  }
  TESSERA_TILE_STORE(0, group.values[0], 64);
  TESSERA_TILE_STORE(1, group.values[1], 64);
  TESSERA_TILE_STORE(2, group.values[2], 64);
  TESSERA_TILE_STORE(3, group.values[3], 64);
}

struct Kernel {
  using Group = attention::Group;

  static void Begin(const ChunkArgs& args, Group& group) {
    group.queries = args.queries + int64_t{2} * group.first_row * args.head_dim;
  }

  template <bool kPrefetch>
  static void Score(const ChunkArgs& args, const Group& group, float* scores) {
    const int half_head = 2 * kKvBlockTokens * args.head_dim;
    for (int b = group.first_block; b < group.end_block; ++b) {
      if (kPrefetch && (args.is_cold || !SpreadsPrefetches(args))) {
        Prefetch(args.blocks[b] + half_head, half_head);
      }
      ScoreBlock(group, args.blocks[b], args.head_dim,
                 scores + b * kKvBlockTokens);
    }
  }

  static void BeginExponentials(const ChunkArgs& args, Group& group) {
    group.next_unit = group.first_vector();
  }

  static void FinishExponentials(const ChunkArgs& args, const float* scores,
                                 Group& group) {
    const bool spreads = SpreadsPrefetches(args);
    for (int v = group.first_vector(); v < group.end_vector(); ++v) {
      if (spreads) PrefetchShare(args, group, v);
      for (int r = 0; r < group.padded_rows; ++r) {
        group.masked ? Exponentiate<true>(scores, group, v, r)
                     : Exponentiate<false>(scores, group, v, r);
      }
    }
  }

  // The exponentials are not taken along: tiles and vectors do not compete.
  template <bool kPrefetch>
  static void Weigh(const ChunkArgs& args, Group& group, const float*, Group*) {
    if (kPrefetch && !SpreadsPrefetches(args)) {
      for (int b = group.first_block; b < group.end_block; ++b) {
        if (args.next_blocks[b] == nullptr) continue;
        Prefetch(args.next_blocks[b], 2 * kKvBlockTokens * args.head_dim);
      }
    }
    const int num_slices = args.head_dim / kLanes;
    for (int slice = 0; slice < num_slices; slice += 4) {
      const int left = num_slices - slice;
      const int count = left < 4 ? left : 4;
      WeighFourSlices(args, group, slice, count);
      for (int r = 0; r < group.num_rows; ++r) {
        float* row = args.states.values +
                     int64_t{group.first_row + r} * args.head_dim +
                     slice * kLanes;
        for (int s = 0; s < count; ++s) {
          MergeValues(_mm512_load_ps(group.values[s][r]),
                      group.weights.old_weight[r], group.weights.new_weight[r],
                      row + s * kLanes);
        }
      }
    }
  }
};

// Whole groups, since a tile reads 12 rows.
int64_t QueryBytes(int num_rows, int head_dim) {
  return int64_t{2} * ((num_rows + kGroupRows - 1) / kGroupRows) * kGroupRows *
         head_dim;
}

void PrepareQueries(const QueryRows& rows, uint8_t* prepared) {
  const __m512 scale = _mm512_set1_ps(rows.scale);
  for (int i = 0; i < rows.num_queries; ++i) {
    const float* query = rows.query + i * rows.stride;
    for (int d = 0; d < rows.group * rows.head_dim; d += kLanes) {
      _mm256_storeu_si256(
          reinterpret_cast<__m256i*>(prepared),
          reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(
              _mm512_mul_ps(_mm512_loadu_ps(query + d), scale))));
      prepared += 2 * kLanes;
    }
  }
}

void AttendChunkByTiles(const ChunkArgs& args) {
  TESSERA_TILE_CONFIGURE(kConfig);
  AttendChunk<Kernel>(args);
  TESSERA_TILE_RELEASE();
}

}  // namespace

const ChunkKernels kAmxBF16Kernels = {
    QueryBytes,         ChunkScratchBytes<Kernel>, PrepareQueries,
    AttendChunkByTiles, MergeStatesAvx512,         FinishRowsAvx512};

}  // namespace tessera::attention
