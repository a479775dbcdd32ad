// A tile against one chunk of a bf16 cache, by vdpbf16ps.
//
// Both products have one shape: 12 rows x 2 vectors of 16 lanes in 24
// accumulators, a row's operand arriving as a broadcast in the multiplication's
// memory operand (free on Zen 4), 97 to 99% of the peak. The lanes are keys in
// scores and dimensions in weighted values, so that nothing is ever shuffled or
// summed across lanes but a row's maximum and sum.
#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "libs/kernels/attention/avx512_row_group.h"
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

constexpr int kProbabilityStride = 2 * kChunkKeys + 64;       // bytes
constexpr int kSliceBytes = kKvBlockTokens / 2 * kLanes * 4;  // of values

struct Group : RowGroup {
  const uint8_t* queries;  // [D/2][padded_rows][2] bf16
  alignas(64) uint8_t probabilities[kGroupRows * kProbabilityStride];  // bf16
};

// Scores of R rows against V vectors of keys, those of whole blocks.
template <int R, int V, bool kPrefetch>
inline void ScoreVectors(const Group& group, const uint8_t* const* blocks,
                         int num_pairs, float* scores) {
  const int64_t half_block = int64_t{64} * num_pairs;
  __m512 acc[R][V];
  const uint8_t* data[V];
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) {
    data[v] = blocks[v / kBlockVectors] + v % kBlockVectors * half_block;
  }
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
        _mm_prefetch(data[v] + 64 * i + 2 * half_block, _MM_HINT_T1);
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
  int block = group.first_block;
  for (; block + kBlocks <= group.end_block; block += kBlocks) {
    ScoreVectors<R, kBlockVectors * kBlocks, kPrefetch>(
        group, args.blocks + block, num_pairs, scores + block * kKvBlockTokens);
  }
  for (; block < group.end_block; ++block) {
    ScoreVectors<R, kBlockVectors, kPrefetch>(
        group, args.blocks + block, num_pairs, scores + block * kKvBlockTokens);
  }
}

template <bool kMasked>
inline __attribute__((always_inline)) void Exponentiate(const float* scores,
                                                        Group& group, int v,
                                                        int r) {
  const __m512 p = Probabilities<kMasked>(scores, group, v, r);
  _mm256_store_si256(
      reinterpret_cast<__m256i*>(group.probabilities + r * kProbabilityStride +
                                 v * kLanes * 2),
      reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(p)));
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
      if (along.group->next_unit < along.group->end_vector()) {
        WeighBlock<R, V, kAlong, kPrefetch>(values, probabilities, next, along,
                                            along.group->next_unit++, acc);
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
void WeighRows(const ChunkArgs& args, const Group& group,
               const Companion& along) {
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
struct Kernel {
  using Group = attention::Group;

  static void Begin(const ChunkArgs& args, Group& group) {
    group.queries = args.queries + int64_t{2} * group.first_row * args.head_dim;
  }

  template <bool kPrefetch>
  static void Score(const ChunkArgs& args, const Group& group, float* scores) {
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

  static void BeginExponentials(const ChunkArgs& args, Group& group) {
    group.next_unit = group.first_vector();
  }

  static void FinishExponentials(const ChunkArgs& args, const float* scores,
                                 Group& group) {
    for (int v = group.next_unit; v < group.end_vector(); ++v) {
      for (int r = 0; r < group.padded_rows; ++r) {
        group.masked ? Exponentiate<true>(scores, group, v, r)
                     : Exponentiate<false>(scores, group, v, r);
      }
    }
  }

  template <bool kPrefetch>
  static void Weigh(const ChunkArgs& args, const Group& group,
                    const float* along_scores, Group* along_group) {
    const Companion along = {along_scores, along_group};
    switch (group.padded_rows) {
      case 1:
        return WeighRows<1, 4, kPrefetch>(args, group, along);
      case 2:
        return WeighRows<2, 4, kPrefetch>(args, group, along);
      case 3:
        return WeighRows<3, 4, kPrefetch>(args, group, along);
      case 4:
        return WeighRows<4, 4, kPrefetch>(args, group, along);
      case 6:
        return WeighRows<6, 4, kPrefetch>(args, group, along);
      case 8:
        return WeighRows<8, 2, kPrefetch>(args, group, along);
      default:
        return WeighRows<12, 2, kPrefetch>(args, group, along);
    }
  }
};

int64_t QueryBytes(int num_rows, int head_dim) {
  return int64_t{2} * num_rows * head_dim;
}

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

const ChunkKernels kAvx512BF16Kernels = {
    QueryBytes,          ChunkScratchBytes<Kernel>, PrepareQueries,
    AttendChunk<Kernel>, MergeStatesAvx512,         FinishRowsAvx512};

}  // namespace tessera::attention
