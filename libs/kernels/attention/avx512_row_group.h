// How the AVX-512 sources take a tile's rows through one chunk of keys: in
// groups of 12, each through scores, maxima, exponentials and weighted values.
// Included by them alone; everything has internal linkage.
//
// 2^x takes ports that the products leave idle: the exponentials of a group are
// computed between the multiplications of the group before (3 cycles a vector
// instead of 9).
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "libs/kernels/attention/avx512_softmax.h"
#include "libs/kernels/attention/chunk_kernels.h"

namespace tessera::attention {
namespace {

constexpr int kLanes = 16;
constexpr int kGroupRows = 12;
constexpr int kBlockVectors = kKvBlockTokens / kLanes;
constexpr int kKeyVectors = kChunkKeys / kLanes;
// Off multiples of 4 KiB, which would collide in the L1 cache.
constexpr int kScoreStride = kChunkKeys + kLanes;  // floats

// Rows of a group when `num_rows` are left: few enough shapes to compile all.
inline int PaddedRows(int num_rows) {
  static constexpr uint8_t kPadded[kGroupRows + 1] = {0, 1, 2,  3,  4,  6, 6,
                                                      8, 8, 12, 12, 12, 12};
  return kPadded[num_rows < kGroupRows ? num_rows : kGroupRows];
}

// Up to 12 rows in flight between scores and weighted values.
struct RowGroup {
  int first_row;
  int num_rows;     // that count
  int padded_rows;  // that are computed
  int first_block;  // blocks [first, end) hold all keys that it sees
  int end_block;
  bool masked;    // some row sees less than those
  int next_unit;  // first exponentials not computed
  alignas(64) float max[kLanes];
  alignas(64) float sums[kGroupRows][kLanes];
  uint16_t masks[kKeyVectors][kGroupRows];  // visible keys of a vector
  MergeWeights weights;

  int first_vector() const { return kBlockVectors * first_block; }
  int end_vector() const { return kBlockVectors * end_block; }
};

// Lanes of keys [begin, end) in the vector that starts at key `first`.
inline uint16_t VisibleLanes(const KeyRange& keys, int first) {
  const auto below = [first](int key) {
    const int lanes = key - first;
    return lanes <= 0 ? 0u : lanes >= kLanes ? 0xffffu : (1u << lanes) - 1;
  };
  return static_cast<uint16_t>(below(keys.end) & ~below(keys.begin));
}

// False where the group sees no key of the chunk.
inline bool SetVisible(const KeyRange* visible, RowGroup& group) {
  group.first_block = 0;
  group.end_block = kChunkBlocks;
  group.masked = visible != nullptr;
  if (!group.masked) return true;
  int begin = kChunkKeys;
  int end = 0;
  for (int r = 0; r < group.num_rows; ++r) {
    const KeyRange& keys = visible[group.first_row + r];
    if (keys.begin >= keys.end) continue;
    begin = keys.begin < begin ? keys.begin : begin;
    end = keys.end > end ? keys.end : end;
  }
  if (begin >= end) return false;
  group.first_block = begin / kKvBlockTokens;
  group.end_block = (end + kKvBlockTokens - 1) / kKvBlockTokens;
  for (int v = group.first_vector(); v < group.end_vector(); ++v) {
    for (int r = 0; r < group.padded_rows; ++r) {
      group.masks[v][r] =
          VisibleLanes(visible[group.first_row + r], v * kLanes);
    }
  }
  return true;
}

// Sums or maxima over the lanes of a group's rows at once, row r's in lane r:
// halves, quarters, pairs and neighbours meet, in the same order for every row.
template <typename Combine>
inline __attribute__((always_inline)) __m512 ReduceLanes(
    const float (*rows)[kLanes], Combine combine) {
  // Where to start row r so that it ends in lane r.
  static constexpr int kStart[kLanes] = {0, 2, 1, 3, 8,  10, 9,  11,
                                         4, 6, 5, 7, 12, 14, 13, 15};
  __m512 v[kLanes];
#pragma GCC unroll 16
  for (int r = 0; r < kLanes; ++r) {
    v[kStart[r]] =
        r < kGroupRows ? _mm512_load_ps(rows[r]) : _mm512_setzero_ps();
  }
#pragma GCC unroll 8
  for (int r = 0; r < 8; ++r) {
    v[r] = combine(_mm512_shuffle_f32x4(v[r], v[r + 8], 0x44),
                   _mm512_shuffle_f32x4(v[r], v[r + 8], 0xee));
  }
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
    v[r] = combine(_mm512_shuffle_f32x4(v[r], v[r + 4], 0x88),
                   _mm512_shuffle_f32x4(v[r], v[r + 4], 0xdd));
  }
#pragma GCC unroll 2
  for (int r = 0; r < 2; ++r) {
    v[r] = combine(_mm512_shuffle_ps(v[r], v[r + 2], 0x44),
                   _mm512_shuffle_ps(v[r], v[r + 2], 0xee));
  }
  return combine(_mm512_shuffle_ps(v[0], v[1], 0x88),
                 _mm512_shuffle_ps(v[0], v[1], 0xdd));
}

inline void FindMaxima(const float* scores, RowGroup& group) {
  for (int r = 0; r < group.padded_rows; ++r) {
    const float* row = scores + r * kScoreStride;
    __m512 max = _mm512_set1_ps(kNoScore);
    if (group.masked) {
      for (int v = group.first_vector(); v < group.end_vector(); ++v) {
        max = _mm512_mask_max_ps(max, group.masks[v][r], max,
                                 _mm512_load_ps(row + v * kLanes));
      }
    } else {
      for (int v = group.first_vector(); v < group.end_vector(); ++v) {
        max = _mm512_max_ps(max, _mm512_load_ps(row + v * kLanes));
      }
    }
    _mm512_store_ps(group.sums[r], max);
  }
  _mm512_store_ps(group.max, ReduceLanes(group.sums, [](__m512 a, __m512 b) {
                    return _mm512_max_ps(a, b);
                  }));
  for (int r = 0; r < group.padded_rows; ++r) {
    _mm512_store_ps(group.sums[r], _mm512_setzero_ps());
  }
}

// Probabilities of one row and vector of keys, 2^(score - max), 0 where masked;
// added to the row's sum.
template <bool kMasked>
inline __attribute__((always_inline)) __m512 Probabilities(const float* scores,
                                                           RowGroup& group,
                                                           int v, int r) {
  __m512 p = Exp2Fast(
      _mm512_sub_ps(_mm512_load_ps(scores + r * kScoreStride + v * kLanes),
                    _mm512_set1_ps(group.max[r])));
  if constexpr (kMasked) p = _mm512_maskz_mov_ps(group.masks[v][r], p);
  _mm512_store_ps(group.sums[r],
                  _mm512_add_ps(_mm512_load_ps(group.sums[r]), p));
  return p;
}

// Sums over a group's lanes, by the same tree for every row, into the states.
inline void MergeGroupSums(const RowStates& states, RowGroup& group) {
  alignas(64) float sums[kLanes] = {};
  for (int r = 0; r < group.num_rows; ++r) {
    sums[r] = _mm512_reduce_add_ps(_mm512_load_ps(group.sums[r]));
  }
  group.weights =
      MergeSums(_mm512_load_ps(group.max), _mm512_load_ps(sums), group.num_rows,
                states.max + group.first_row, states.sum + group.first_row);
}

// Takes a tile through a chunk. Kernel is a type of cache:
//   Group                            a RowGroup with what it keeps beside
//   Begin(args, group)               readies a group of visible keys
//   Score<kPrefetch>(args, group, scores)
//   BeginExponentials(args, group)   once maxima are known
//   FinishExponentials(args, scores, group)
//   Weigh<kPrefetch>(args, group, along_scores, along_group)
//                                    weighted values into the states; computes
//                                    exponentials of `along_group`, or null
// kPrefetch: for the first group, which brings the chunk into the cache.
template <typename Kernel>
struct ChunkScratch {
  alignas(64) float scores[kGroupRows * kScoreStride];
  typename Kernel::Group groups[2];  // take turns
};

template <typename Kernel>
void AttendChunk(const ChunkArgs& args) {
  auto& scratch = *reinterpret_cast<ChunkScratch<Kernel>*>(args.scratch);
  typename Kernel::Group* before = nullptr;  // lacks its weighted values
  bool is_first = true;
  const auto weigh_before = [&](typename Kernel::Group* along) {
    is_first
        ? Kernel::template Weigh<true>(args, *before, scratch.scores, along)
        : Kernel::template Weigh<false>(args, *before, scratch.scores, along);
    is_first = false;
  };
  for (int row = 0; row < args.num_rows; row += kGroupRows) {
    auto& group = scratch.groups[before == &scratch.groups[0] ? 1 : 0];
    const int left = args.num_rows - row;
    group.first_row = row;
    group.num_rows = left < kGroupRows ? left : kGroupRows;
    group.padded_rows = PaddedRows(left);
    if (!SetVisible(args.visible, group)) continue;
    Kernel::Begin(args, group);
    before == nullptr
        ? Kernel::template Score<true>(args, group, scratch.scores)
        : Kernel::template Score<false>(args, group, scratch.scores);
    FindMaxima(scratch.scores, group);
    Kernel::BeginExponentials(args, group);
    if (before != nullptr) {
      weigh_before(group.padded_rows == kGroupRows ? &group : nullptr);
    }
    Kernel::FinishExponentials(args, scratch.scores, group);
    MergeGroupSums(args.states, group);
    before = &group;
  }
  if (before != nullptr) weigh_before(nullptr);
}

template <typename Kernel>
int64_t ChunkScratchBytes(int head_dim) {
  return sizeof(ChunkScratch<Kernel>);
}

}  // namespace
}  // namespace tessera::attention
