// A tile against one chunk of a bf16 cache, by float FMA: keys and values are
// widened by a shift or a mask, queries and probabilities stay in float.
//
// Both products have one shape, 6 rows x 2 vectors of 8 lanes: a line of the
// cache is 16 lanes of two bf16 each.
#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "libs/kernels/attention/avx2_row_group.h"
#include "libs/kernels/attention/avx2_softmax.h"
#include "libs/kernels/attention/chunk_kernels.h"

namespace tessera::attention {
namespace {

constexpr int kSliceBytes = kKvBlockTokens / 2 * kSliceDims * 4;  // of values

inline __attribute__((always_inline)) __m256 FirstOfPairs(
    const uint8_t* pairs) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(
      _mm256_load_si256(reinterpret_cast<const __m256i*>(pairs)), 16));
}

inline __attribute__((always_inline)) __m256 SecondOfPairs(
    const uint8_t* pairs) {
  return _mm256_castsi256_ps(_mm256_and_si256(
      _mm256_load_si256(reinterpret_cast<const __m256i*>(pairs)),
      _mm256_set1_epi32(static_cast<int>(0xffff0000))));
}

// acc += a * b, in place: left to itself, GCC 12 overwrites operands and copies
// accumulators around until they no longer fit in 16 registers.
#define TESSERA_FMA(acc, a, b) \
  asm("vfmadd231ps %2, %1, %0" : "+x"(acc) : "x"(a), "x"(b))

// acc[r][v] += the pair of floats at row + r * stride times the pairs of vector
// v, which are 32 bytes from each other within a line, lines at data[v / 2].
template <int R, int V>
inline __attribute__((always_inline)) void DotPairs(
    const uint8_t* const (&data)[V / 2], int64_t offset, const float* row,
    int stride, __m256 (&acc)[R][V]) {
#pragma GCC unroll 2
  for (int element = 0; element < 2; ++element) {
    const auto operand = [&](int v) __attribute__((always_inline)) {
      const uint8_t* pairs = data[v / 2] + offset + v % 2 * 32;
      return element == 0 ? FirstOfPairs(pairs) : SecondOfPairs(pairs);
    };
    const auto factor = [&](int r) __attribute__((always_inline)) {
      return _mm256_broadcast_ss(row + r * stride + element);
    };
    // Whichever are fewer stay in registers.
    if constexpr (R < V) {
      __m256 factors[R];
#pragma GCC unroll 6
      for (int r = 0; r < R; ++r) factors[r] = factor(r);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        const __m256 value = operand(v);
#pragma GCC unroll 6
        for (int r = 0; r < R; ++r) TESSERA_FMA(acc[r][v], factors[r], value);
      }
    } else {
      __m256 operands[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) operands[v] = operand(v);
#pragma GCC unroll 6
      for (int r = 0; r < R; ++r) {
        const __m256 f = factor(r);
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) TESSERA_FMA(acc[r][v], f, operands[v]);
      }
    }
  }
}

template <int R, int V>
inline __attribute__((always_inline)) void Clear(__m256 (&acc)[R][V]) {
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) acc[r][v] = _mm256_setzero_ps();
  }
}

// Scores of R rows, V vectors of keys at a time.
template <int R, int V, bool kPrefetch>
__attribute__((noinline)) void ScoreRows(const ChunkArgs& args,
                                         RowGroup& group) {
  const int num_pairs = args.head_dim / 2;
  const int64_t half_block = int64_t{64} * num_pairs;
  const float* queries = reinterpret_cast<const float*>(args.queries) +
                         int64_t{group.first_row} * args.head_dim;
  for (int vector = group.first_vector(); vector < group.end_vector();
       vector += V) {
    const uint8_t* data[V / 2];
    for (int line = 0; line < V / 2; ++line) {
      const int half = vector / 2 + line;
      data[line] = args.blocks[half / 2] + half % 2 * half_block;
    }
    __m256 acc[R][V];
    Clear(acc);
    for (int i = 0; i < num_pairs; ++i) {
      if constexpr (kPrefetch) {
        for (int line = 0; line < V / 2; ++line) {
          _mm_prefetch(data[line] + 64 * i + 2 * half_block, _MM_HINT_T1);
        }
      }
      DotPairs<R, V>(data, 64 * i, queries + 2 * R * i, 2, acc);
    }
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        _mm256_store_ps(group.scores + r * kScoreStride + (vector + v) * kLanes,
                        acc[r][v]);
      }
    }
  }
}

// Weighted values of R rows, V vectors of dimensions from `slice` on.
template <int R, int V, bool kPrefetch>
__attribute__((noinline)) void WeighSlices(const ChunkArgs& args,
                                           const RowGroup& group,
                                           const MergeWeights* weights,
                                           int slice) {
  __m256 acc[R][V];
  Clear(acc);
  const int64_t offset =
      int64_t{2} * kKvBlockTokens * args.head_dim + slice * kSliceBytes;
  for (int b = group.first_block; b < group.end_block; ++b) {
    const uint8_t* data[V / 2];
    const uint8_t* next[V / 2];
    for (int line = 0; line < V / 2; ++line) {
      data[line] = args.blocks[b] + offset + line * kSliceBytes;
      next[line] = args.next_blocks[b] == nullptr
                       ? data[line]
                       : args.next_blocks[b] + (slice + line) * kSliceBytes;
    }
    for (int i = 0; i < kKvBlockTokens / 2; ++i) {
      if constexpr (kPrefetch) {
        for (int line = 0; line < V / 2; ++line) {
          _mm_prefetch(next[line] + 64 * i, _MM_HINT_T1);
        }
      }
      DotPairs<R, V>(data, 64 * i, group.scores + b * kKvBlockTokens + 2 * i,
                     kScoreStride, acc);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) {
    if (r >= group.num_rows) break;
    float* values = args.states.values +
                    int64_t{group.first_row + r} * args.head_dim +
                    slice * kSliceDims;
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      MergeValues(acc[r][v], weights[r], values + v * kLanes);
    }
  }
}

template <int R, int V, bool kPrefetch>
void WeighRows(const ChunkArgs& args, RowGroup& group,
               const MergeWeights* weights) {
  const int num_slices = args.head_dim / kSliceDims;
  int slice = 0;
  for (; slice + V / 2 <= num_slices; slice += V / 2) {
    WeighSlices<R, V, kPrefetch>(args, group, weights, slice);
  }
  for (; slice < num_slices; ++slice) {
    WeighSlices<R, 2, kPrefetch>(args, group, weights, slice);
  }
}

// Register shapes by rows: up to 12 accumulators.
struct Kernel {
  using Group = RowGroup;

  template <bool kPrefetch>
  static void Score(const ChunkArgs& args, Group& group) {
    switch (group.padded_rows) {
      case 1:
        return ScoreRows<1, 4, kPrefetch>(args, group);
      case 2:
        return ScoreRows<2, 4, kPrefetch>(args, group);
      case 3:
        return ScoreRows<3, 2, kPrefetch>(args, group);
      case 4:
        return ScoreRows<4, 2, kPrefetch>(args, group);
      default:
        return ScoreRows<6, 2, kPrefetch>(args, group);
    }
  }

  template <bool kPrefetch>
  static void Weigh(const ChunkArgs& args, Group& group,
                    const MergeWeights* weights) {
    switch (group.padded_rows) {
      case 1:
        return WeighRows<1, 4, kPrefetch>(args, group, weights);
      case 2:
        return WeighRows<2, 4, kPrefetch>(args, group, weights);
      case 3:
        return WeighRows<3, 2, kPrefetch>(args, group, weights);
      case 4:
        return WeighRows<4, 2, kPrefetch>(args, group, weights);
      default:
        return WeighRows<6, 2, kPrefetch>(args, group, weights);
    }
  }
};

int64_t QueryBytes(int num_rows, int head_dim) {
  return int64_t{4} * num_rows * head_dim;
}

// [D/2][rows of the group][2] f32, group after group.
void PrepareQueries(const QueryRows& rows, uint8_t* prepared) {
  const int num_rows = rows.num_queries * rows.group;
  float* out = reinterpret_cast<float*>(prepared);
  for (int row = 0; row < num_rows; ++row) {
    const int in_group = row % kGroupRows;
    const int64_t padded = PaddedRows(num_rows - (row - in_group));
    float* column =
        out + int64_t{row - in_group} * rows.head_dim + 2 * in_group;
    const float* query = rows.query + row / rows.group * rows.stride +
                         int64_t{row % rows.group} * rows.head_dim;
    for (int d = 0; d < rows.head_dim; d += 2) {
      column[d * padded] = query[d] * rows.scale;
      column[d * padded + 1] = query[d + 1] * rows.scale;
    }
  }
}

}  // namespace

const ChunkKernels kAvx2BF16Kernels = {
    QueryBytes,          ChunkScratchBytes<Kernel>, PrepareQueries,
    AttendChunk<Kernel>, MergeStatesAvx2,           FinishRowsAvx2};

}  // namespace tessera::attention
