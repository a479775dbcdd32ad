// A tile against one chunk of a bf16 cache, by vdpbf16ps.
//
// Rows go in groups of 12. Both products have one shape: 12 rows x 2 vectors of
// 16 lanes in 24 accumulators, a row's operand arriving as a broadcast in the
// multiplication's memory operand (free on Zen 4), 97 to 99% of the peak. The
// lanes are keys in scores and dimensions in weighted values, so that nothing
// is ever shuffled or summed across lanes but a row's maximum and sum.
//
// 2^x takes ports that the products leave idle: the exponentials of a group are
// computed between the multiplications of the group before (3 cycles a vector
// instead of 9).
#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "libs/kernels/attention/avx512_softmax.h"
#include "libs/kernels/attention/chunk_kernels.h"

// acc += the pair of bf16 at `memory`, in every lane, times the pairs of
// `data`. GCC 12 does not fold the broadcast into the instruction by itself.
#define TESSERA_DOT_BF16(acc, data, memory) \
  asm("vdpbf16ps %2%{1to16%}, %1, %0"       \
      : "+v"(acc)                           \
      : "v"(data), "m"(*reinterpret_cast<const int32_t*>(memory)))

namespace tessera::attention {
namespace {

constexpr int kLanes = 16;
constexpr int kGroupRows = 12;
constexpr int kKeyVectors = kChunkKeys / kLanes;
// Off multiples of 4 KiB, which would collide in the L1 cache.
constexpr int kScoreStride = kChunkKeys + kLanes;             // floats
constexpr int kProbabilityStride = 2 * kChunkKeys + 64;       // bytes
constexpr int kSliceBytes = kKvBlockTokens / 2 * kLanes * 4;  // of values

// Rows of a group when `num_rows` are left: few enough shapes to compile all.
int PaddedRows(int num_rows) {
  static constexpr uint8_t kPadded[kGroupRows + 1] = {0, 1, 2,  3,  4,  6, 6,
                                                      8, 8, 12, 12, 12, 12};
  return kPadded[num_rows < kGroupRows ? num_rows : kGroupRows];
}

// Up to 12 rows in flight between scores and weighted values.
struct Group {
  int first_row;
  int num_rows;            // that count
  int padded_rows;         // that are computed
  const uint8_t* queries;  // [D/2][padded_rows][2] bf16
  int first_block;         // blocks [first, end) hold all keys that it sees
  int end_block;
  bool masked;      // some row sees less than those
  int next_vector;  // first key vector without probabilities
  float max[kLanes];
  alignas(64) float sums[kGroupRows][kLanes];
  alignas(64) uint8_t probabilities[kGroupRows * kProbabilityStride];  // bf16
  uint16_t masks[kKeyVectors][kGroupRows];  // visible keys of a vector
  MergeWeights weights;
};

struct Scratch {
  alignas(64) float scores[kGroupRows * kScoreStride];
  Group groups[2];  // take turns
};

bool SetVisible(const KeyRange* visible, Group& group) {
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
  for (int v = 2 * group.first_block; v < 2 * group.end_block; ++v) {
    for (int r = 0; r < group.padded_rows; ++r) {
      const KeyRange& keys = visible[group.first_row + r];
      const int from = keys.begin - v * kLanes;
      const int to = keys.end - v * kLanes;
      const uint32_t below = from <= 0    ? 0u
                             : from >= 16 ? 0xffffu
                                          : (1u << from) - 1;
      const uint32_t inside = to <= 0    ? 0u
                              : to >= 16 ? 0xffffu
                                         : (1u << to) - 1;
      group.masks[v][r] = static_cast<uint16_t>(inside & ~below);
    }
  }
  return true;
}

// Scores of R rows against V vectors of keys, whose dimension pairs start at
// keys[v]. The values lie `value_offset` behind their keys.
template <int R, int V, bool kPrefetch>
inline void ScoreVectors(const Group& group, const uint8_t* const* keys,
                         int num_pairs, int64_t value_offset, float* scores) {
  __m512 acc[R][V];
  const uint8_t* data[V];
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) data[v] = keys[v];
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) acc[r][v] = _mm512_setzero_ps();
  }
  const uint8_t* query = group.queries;
  for (int i = 0; i < num_pairs; ++i) {
    __m512i pairs[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      pairs[v] = _mm512_load_si512(data[v] + 64 * i);
      if constexpr (kPrefetch) {
        _mm_prefetch(data[v] + 64 * i + value_offset, _MM_HINT_T1);
      }
    }
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) {
        TESSERA_DOT_BF16(acc[r][v], pairs[v], query + 4 * r);
      }
    }
    query += 4 * R;
  }
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      _mm512_store_ps(scores + r * kScoreStride + v * kLanes, acc[r][v]);
    }
  }
}

// Scores of a group against its blocks, kBlocks at a time.
template <int R, int kBlocks, bool kPrefetch>
void ScoreBlocks(const ChunkArgs& args, const Group& group, float* scores) {
  const int num_pairs = args.head_dim / 2;
  const int64_t half_block = int64_t{64} * num_pairs;
  int block = group.first_block;
  const auto step = [&]<int kCount>() {
    const uint8_t* keys[2 * kCount];
    for (int b = 0; b < kCount; ++b) {
      keys[2 * b] = args.blocks[block + b];
      keys[2 * b + 1] = keys[2 * b] + half_block;
    }
    ScoreVectors<R, 2 * kCount, kPrefetch>(group, keys, num_pairs,
                                           2 * half_block,
                                           scores + block * kKvBlockTokens);
    block += kCount;
  };
  while (block + kBlocks <= group.end_block)
    step.template operator()<kBlocks>();
  while (block < group.end_block) step.template operator()<1>();
}

void FindMaxima(const float* scores, Group& group) {
  const __m512 none = _mm512_set1_ps(kNoScore);
  const int begin = 2 * group.first_block;
  const int end = 2 * group.end_block;
  for (int r = 0; r < group.padded_rows; ++r) {
    const float* row = scores + r * kScoreStride;
    __m512 max = none;
    if (group.masked) {
      for (int v = begin; v < end; ++v) {
        max = _mm512_mask_max_ps(max, group.masks[v][r], max,
                                 _mm512_load_ps(row + v * kLanes));
      }
    } else {
      for (int v = begin; v < end; ++v) {
        max = _mm512_max_ps(max, _mm512_load_ps(row + v * kLanes));
      }
    }
    group.max[r] = _mm512_reduce_max_ps(max);
    _mm512_store_ps(group.sums[r], _mm512_setzero_ps());
  }
  group.next_vector = begin;
}

// Probabilities of one row and vector of keys: 2^(score - max), 0 where masked.
template <bool kMasked>
inline __attribute__((always_inline)) void Exponentiate(const float* scores,
                                                        Group& group, int v,
                                                        int r) {
  __m512 p = Exp2Fast(
      _mm512_sub_ps(_mm512_load_ps(scores + r * kScoreStride + v * kLanes),
                    _mm512_set1_ps(group.max[r])));
  if constexpr (kMasked) p = _mm512_maskz_mov_ps(group.masks[v][r], p);
  _mm512_store_ps(group.sums[r],
                  _mm512_add_ps(_mm512_load_ps(group.sums[r]), p));
  _mm256_store_si256(
      reinterpret_cast<__m256i*>(group.probabilities + r * kProbabilityStride +
                                 v * kLanes * 2),
      reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(p)));
}

// Those that no product took along.
void ExponentiateRest(const float* scores, Group& group) {
  for (int v = group.next_vector; v < 2 * group.end_block; ++v) {
    for (int r = 0; r < group.padded_rows; ++r) {
      group.masked ? Exponentiate<true>(scores, group, v, r)
                   : Exponentiate<false>(scores, group, v, r);
    }
  }
  group.next_vector = 2 * group.end_block;
}

// The exponentials that a product is to take along; none: group is null.
struct Companion {
  const float* scores = nullptr;
  Group* group = nullptr;
};

enum class Along { kNothing, kExponentials, kMaskedExponentials };

// One block's part of the weighted values of R rows and V slices of 16
// dimensions; with kAlong, vector `v` of the companion's exponentials.
template <int R, int V, Along kAlong, bool kPrefetch>
inline __attribute__((always_inline)) void WeighBlock(
    const uint8_t* values, const uint8_t* probabilities, const uint8_t* next,
    const Companion& along, int v, __m512 (&acc)[R][V]) {
  constexpr int kPairs = kKvBlockTokens / 2;
  const auto step = [&](int i) __attribute__((always_inline)) {
    __m512i pairs[V];
#pragma GCC unroll 4
    for (int s = 0; s < V; ++s) {
      pairs[s] = _mm512_load_si512(values + kSliceBytes * s + 64 * i);
      if constexpr (kPrefetch) {
        _mm_prefetch(next + kSliceBytes * s + 64 * i, _MM_HINT_T1);
      }
    }
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int s = 0; s < V; ++s) {
        TESSERA_DOT_BF16(acc[r][s], pairs[s],
                         probabilities + r * kProbabilityStride + 4 * i);
      }
    }
  };
  int i = 0;
  if constexpr (kAlong != Along::kNothing) {
#pragma GCC unroll 1
    for (; i < kGroupRows; ++i) {
      step(i);
      Exponentiate<kAlong == Along::kMaskedExponentials>(along.scores,
                                                         *along.group, v, i);
    }
  }
#pragma GCC unroll 1
  for (; i < kPairs; ++i) step(i);
}

// Weighted values of R rows and V slices from `slice` on, merged into states.
template <int R, int V, Along kAlong, bool kPrefetch>
void WeighSlices(const ChunkArgs& args, const Group& group,
                 const Companion& along, int slice) {
  __m512 acc[R][V];
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int s = 0; s < V; ++s) acc[r][s] = _mm512_setzero_ps();
  }
  const int64_t offset =
      int64_t{2} * kKvBlockTokens * args.head_dim + slice * kSliceBytes;
  for (int b = group.first_block; b < group.end_block; ++b) {
    const uint8_t* values = args.blocks[b] + offset;
    const uint8_t* probabilities = group.probabilities + b * kKvBlockTokens * 2;
    const uint8_t* next = nullptr;
    if constexpr (kPrefetch) {
      next = args.next_blocks[b] == nullptr
                 ? values
                 : args.next_blocks[b] + slice * kSliceBytes;
    }
    if constexpr (kAlong != Along::kNothing) {
      if (along.group->next_vector < 2 * along.group->end_block) {
        WeighBlock<R, V, kAlong, kPrefetch>(values, probabilities, next, along,
                                            along.group->next_vector++, acc);
        continue;
      }
    }
    WeighBlock<R, V, Along::kNothing, kPrefetch>(values, probabilities, next,
                                                 along, 0, acc);
  }
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) {
    if (r >= group.num_rows) break;
    float* row = args.states.values +
                 int64_t{group.first_row + r} * args.head_dim + slice * kLanes;
#pragma GCC unroll 4
    for (int s = 0; s < V; ++s) {
      MergeValues(acc[r][s], group.weights.old_weight[r],
                  group.weights.new_weight[r], row + s * kLanes);
    }
  }
}

// All slices: V at a time, then what is left.
template <int R, int V, bool kPrefetch>
void Weigh(const ChunkArgs& args, const Group& group, const Companion& along) {
  const int num_slices = args.head_dim / kLanes;
  int slice = 0;
  for (; slice + V <= num_slices; slice += V) {
    if constexpr (R == kGroupRows) {
      if (along.group != nullptr && along.group->masked) {
        WeighSlices<R, V, Along::kMaskedExponentials, kPrefetch>(args, group,
                                                                 along, slice);
        continue;
      }
      if (along.group != nullptr) {
        WeighSlices<R, V, Along::kExponentials, kPrefetch>(args, group, along,
                                                           slice);
        continue;
      }
    }
    WeighSlices<R, V, Along::kNothing, kPrefetch>(args, group, {}, slice);
  }
  for (; slice < num_slices; ++slice) {
    WeighSlices<R, 1, Along::kNothing, kPrefetch>(args, group, {}, slice);
  }
}

// Register shapes by rows: enough accumulators to hide the latency, and few
// enough to stay in registers.
template <bool kPrefetch>
void Score(const ChunkArgs& args, const Group& group, float* scores) {
  switch (group.padded_rows) {
    case 1:
      return ScoreBlocks<1, 4, kPrefetch>(args, group, scores);
    case 2:
      return ScoreBlocks<2, 4, kPrefetch>(args, group, scores);
    case 3:
      return ScoreBlocks<3, 4, kPrefetch>(args, group, scores);
    case 4:
      return ScoreBlocks<4, 2, kPrefetch>(args, group, scores);
    case 6:
      return ScoreBlocks<6, 2, kPrefetch>(args, group, scores);
    case 8:
      return ScoreBlocks<8, 1, kPrefetch>(args, group, scores);
    default:
      return ScoreBlocks<12, 1, kPrefetch>(args, group, scores);
  }
}

template <bool kPrefetch>
void WeighGroup(const ChunkArgs& args, const Group& group,
                const Companion& along) {
  switch (group.padded_rows) {
    case 1:
      return Weigh<1, 4, kPrefetch>(args, group, along);
    case 2:
      return Weigh<2, 4, kPrefetch>(args, group, along);
    case 3:
      return Weigh<3, 4, kPrefetch>(args, group, along);
    case 4:
      return Weigh<4, 4, kPrefetch>(args, group, along);
    case 6:
      return Weigh<6, 4, kPrefetch>(args, group, along);
    case 8:
      return Weigh<8, 2, kPrefetch>(args, group, along);
    default:
      return Weigh<12, 2, kPrefetch>(args, group, along);
  }
}

// Sums over a group's lanes, by the same tree for every row, into the states.
void MergeGroupSums(const RowStates& states, Group& group) {
  alignas(64) float sums[kLanes] = {};
  for (int r = 0; r < group.num_rows; ++r) {
    sums[r] = _mm512_reduce_add_ps(_mm512_load_ps(group.sums[r]));
  }
  group.weights = MergeSums(_mm512_loadu_ps(group.max), _mm512_load_ps(sums),
                            group.num_rows, states.max + group.first_row,
                            states.sum + group.first_row);
}

void AttendChunk(const ChunkArgs& args) {
  Scratch& scratch = *reinterpret_cast<Scratch*>(args.scratch);
  Group* before = nullptr;  // has probabilities, lacks weighted values
  bool is_first = true;     // brings keys and values into the cache
  const auto weigh_before = [&](const Companion& along) {
    is_first ? WeighGroup<true>(args, *before, along)
             : WeighGroup<false>(args, *before, along);
    is_first = false;
  };
  for (int row = 0; row < args.num_rows; row += kGroupRows) {
    Group& group = scratch.groups[before == &scratch.groups[0] ? 1 : 0];
    const int left = args.num_rows - row;
    group.first_row = row;
    group.num_rows = left < kGroupRows ? left : kGroupRows;
    group.padded_rows = PaddedRows(left);
    group.queries = args.queries + int64_t{2} * row * args.head_dim;
    if (!SetVisible(args.visible, group)) continue;
    before == nullptr ? Score<true>(args, group, scratch.scores)
                      : Score<false>(args, group, scratch.scores);
    FindMaxima(scratch.scores, group);
    if (before != nullptr) {
      weigh_before(group.padded_rows == kGroupRows
                       ? Companion{scratch.scores, &group}
                       : Companion{});
    }
    ExponentiateRest(scratch.scores, group);
    MergeGroupSums(args.states, group);
    before = &group;
  }
  if (before != nullptr) weigh_before({});
}

int64_t QueryBytes(int num_rows, int head_dim) {
  return int64_t{2} * num_rows * head_dim;
}

int64_t ScratchBytes(int head_dim) { return sizeof(Scratch); }

// [D/2][rows of the group][2] bf16, group after group.
void PrepareQueries(const QueryRows& rows, uint8_t* prepared) {
  const int num_rows = rows.num_queries * rows.group;
  const __m512 scale = _mm512_set1_ps(rows.scale);
  for (int row = 0; row < num_rows; ++row) {
    const int in_group = row % kGroupRows;
    const int64_t padded = PaddedRows(num_rows - (row - in_group));
    uint8_t* out =
        prepared + int64_t{2} * (row - in_group) * rows.head_dim + 4 * in_group;
    const float* query = rows.query + row / rows.group * rows.stride +
                         int64_t{row % rows.group} * rows.head_dim;
    for (int d = 0; d < rows.head_dim; d += kLanes) {
      alignas(32) uint32_t pairs[8];
      _mm256_store_si256(
          reinterpret_cast<__m256i*>(pairs),
          reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(
              _mm512_mul_ps(_mm512_loadu_ps(query + d), scale))));
      for (int i = 0; i < 8; ++i) {
        std::memcpy(out + 4 * padded * (d / 2 + i), &pairs[i], 4);
      }
    }
  }
}

}  // namespace

const ChunkKernels kAvx512BF16Kernels = {QueryBytes,        ScratchBytes,
                                         PrepareQueries,    AttendChunk,
                                         MergeStatesAvx512, FinishRowsAvx512};

}  // namespace tessera::attention
