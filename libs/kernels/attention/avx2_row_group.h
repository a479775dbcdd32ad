// How the AVX2 sources take a tile's rows through one chunk of keys: in groups
// of 6, each through scores, maxima, exponentials and weighted values.
// Included by them alone; everything has internal linkage.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "libs/kernels/attention/avx2_softmax.h"
#include "libs/kernels/attention/chunk_kernels.h"

namespace tessera::attention {
namespace {

constexpr int kLanes = 8;
// 6 rows x 2 vectors of accumulators, and 4 registers for operands.
constexpr int kGroupRows = 6;
constexpr int kSliceDims = 16;  // dimensions that lie together in values
// Off multiples of 4 KiB, which would collide in the L1 cache.
constexpr int kScoreStride = kChunkKeys + 16;  // floats

// Rows of a group when `num_rows` are left: few enough shapes to compile all.
inline int PaddedRows(int num_rows) {
  static constexpr uint8_t kPadded[kGroupRows + 1] = {0, 1, 2, 3, 4, 6, 6};
  return kPadded[num_rows < kGroupRows ? num_rows : kGroupRows];
}

struct RowGroup {
  int first_row;
  int num_rows;     // that count
  int padded_rows;  // that are computed
  int first_block;  // blocks [first, end) hold all keys that it sees
  int end_block;
  const KeyRange* visible;  // null: all of those
  float max[kGroupRows];
  float sum[kGroupRows];
  alignas(32) float scores[kGroupRows * kScoreStride];  // then probabilities

  int first_vector() const { return kKvBlockTokens / kLanes * first_block; }
  int end_vector() const { return kKvBlockTokens / kLanes * end_block; }

  // Lanes of row r's visible keys in vector v, as a mask.
  __m256i Mask(int r, int v) const {
    if (visible == nullptr) return _mm256_set1_epi32(-1);
    const __m256i key = _mm256_add_epi32(
        _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(v * 8));
    return _mm256_andnot_si256(
        _mm256_cmpgt_epi32(_mm256_set1_epi32(visible[r].begin), key),
        _mm256_cmpgt_epi32(_mm256_set1_epi32(visible[r].end), key));
  }
};

// False where the group sees no key of the chunk.
inline bool SetVisible(const KeyRange* visible, RowGroup& group) {
  group.first_block = 0;
  group.end_block = kChunkBlocks;
  group.visible = nullptr;
  if (visible == nullptr) return true;
  group.visible = visible + group.first_row;
  int begin = kChunkKeys;
  int end = 0;
  for (int r = 0; r < group.num_rows; ++r) {
    const KeyRange& keys = group.visible[r];
    if (keys.begin >= keys.end) continue;
    begin = keys.begin < begin ? keys.begin : begin;
    end = keys.end > end ? keys.end : end;
  }
  group.first_block = begin / kKvBlockTokens;
  group.end_block = (end + kKvBlockTokens - 1) / kKvBlockTokens;
  return begin < end;
}

// Scores become probabilities: 2^(score - max), 0 where masked.
template <bool kMasked>
inline void ExponentiateRow(RowGroup& group, int r) {
  float* row = group.scores + r * kScoreStride;
  __m256 max = _mm256_set1_ps(kNoScore);
  for (int v = group.first_vector(); v < group.end_vector(); ++v) {
    __m256 score = _mm256_load_ps(row + v * kLanes);
    if constexpr (kMasked) {
      score = _mm256_blendv_ps(_mm256_set1_ps(kNoScore), score,
                               _mm256_castsi256_ps(group.Mask(r, v)));
    }
    max = _mm256_max_ps(max, score);
  }
  group.max[r] = MaxOfLanes(max);
  max = _mm256_set1_ps(group.max[r]);
  __m256 sum = _mm256_setzero_ps();
  for (int v = group.first_vector(); v < group.end_vector(); ++v) {
    __m256 p = Exp2(_mm256_sub_ps(_mm256_load_ps(row + v * kLanes), max));
    if constexpr (kMasked) {
      p = _mm256_and_ps(p, _mm256_castsi256_ps(group.Mask(r, v)));
    }
    sum = _mm256_add_ps(sum, p);
    _mm256_store_ps(row + v * kLanes, p);
  }
  group.sum[r] = SumOfLanes(sum);
}

inline void Exponentiate(RowGroup& group) {
  for (int r = 0; r < group.padded_rows; ++r) {
    group.visible == nullptr ? ExponentiateRow<false>(group, r)
                             : ExponentiateRow<true>(group, r);
  }
}

// Takes a tile through a chunk. Kernel is a type of cache:
//   Group                               a RowGroup with what it keeps beside
//   Score<kPrefetch>(args, group)       into group.scores
//   Weigh<kPrefetch>(args, group, weights)
//                                       weighted values into the states
// kPrefetch: for the first group, which brings the chunk into the cache.
template <typename Kernel>
void AttendChunk(const ChunkArgs& args) {
  auto& group = *reinterpret_cast<typename Kernel::Group*>(args.scratch);
  bool is_first = true;
  for (int row = 0; row < args.num_rows; row += kGroupRows) {
    const int left = args.num_rows - row;
    group.first_row = row;
    group.num_rows = left < kGroupRows ? left : kGroupRows;
    group.padded_rows = PaddedRows(left);
    if (!SetVisible(args.visible, group)) continue;
    is_first ? Kernel::template Score<true>(args, group)
             : Kernel::template Score<false>(args, group);
    Exponentiate(group);
    MergeWeights weights[kGroupRows];
    for (int r = 0; r < group.num_rows; ++r) {
      weights[r] =
          MergeSum(group.max[r], group.sum[r], &args.states.max[row + r],
                   &args.states.sum[row + r]);
    }
    is_first ? Kernel::template Weigh<true>(args, group, weights)
             : Kernel::template Weigh<false>(args, group, weights);
    is_first = false;
  }
}

template <typename Kernel>
int64_t ChunkScratchBytes(int head_dim) {
  return sizeof(typename Kernel::Group);
}

}  // namespace
}  // namespace tessera::attention
