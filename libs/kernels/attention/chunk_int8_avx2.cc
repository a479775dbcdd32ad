// A tile against one chunk of an int8 cache, by vpmaddwd.
//
// Queries become 16-bit integers with a scale a row, probabilities (times their
// value's scale) 14-bit ones; keys and values are widened to 16 bits, and
// integer sums are exact in any order. The cache's bytes are biased by 128; a
// row's sum times -128 corrects it.
//
// Both products have one shape. A line of the cache is 16 lanes of four bytes;
// a vector of it 4 lanes, of two sums each, added at the end.
#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "libs/kernels/attention/avx2_row_group.h"
#include "libs/kernels/attention/avx2_softmax.h"
#include "libs/kernels/attention/chunk_kernels.h"

namespace tessera::attention {
namespace {

constexpr int kVectorLanes = 4;
constexpr int kLineVectors = 4;
constexpr int kVectorBytes = 16;
constexpr int kSliceBytes = kKvBlockTokens / 4 * kSliceDims * 4;  // of values
constexpr int kStepStride = kChunkKeys + 32;                      // int16
// As in the AVX-512 kernels, for their range's reasons: 127 * 256, 127 * 128.
constexpr float kQuerySteps = 32512;
constexpr float kProbabilitySteps = 16256;
// Values smaller than this count as 0: its inverse would overflow.
constexpr float kSmallestScale = 1e-30f;

// What a group of prepared queries starts with.
struct QueryHeader {
  float scale[8];
  int32_t bias[8];  // -128 sum(q)
};

struct Group : RowGroup {
  float value_scale[kGroupRows];  // of one probability step
  int32_t bias[kGroupRows];       // -128 sum(steps)
  alignas(32) int16_t steps[kGroupRows * kStepStride];  // probabilities
};

int64_t ValueOffset(int head_dim) {
  return int64_t{kKvBlockTokens} * (head_dim + 4);
}

const float* KeyScales(const uint8_t* head, int head_dim) {
  return reinterpret_cast<const float*>(head + kKvBlockTokens * head_dim);
}

const float* ValueScales(const uint8_t* head, int head_dim) {
  return KeyScales(head + ValueOffset(head_dim), head_dim);
}

// acc[r][v] += the four int16 at row + r * stride times those of vector v at
// `data`.
template <int R, int V>
inline __attribute__((always_inline)) void DotQuads(const uint8_t* data,
                                                    const int16_t* row,
                                                    int stride,
                                                    __m256i (&acc)[R][V]) {
  __m256i operand[V];
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
    operand[v] = _mm256_cvtepu8_epi16(_mm_load_si128(
        reinterpret_cast<const __m128i*>(data + kVectorBytes * v)));
  }
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) {
    int64_t quad;
    std::memcpy(&quad, row + r * stride, sizeof(quad));
    const __m256i factor = _mm256_set1_epi64x(quad);
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      acc[r][v] =
          _mm256_add_epi32(acc[r][v], _mm256_madd_epi16(operand[v], factor));
    }
  }
}

template <int R, int V>
inline __attribute__((always_inline)) void Clear(__m256i (&acc)[R][V]) {
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) acc[r][v] = _mm256_setzero_si256();
  }
}

// The lanes of two neighbouring vectors, biased, as floats in order.
inline __m256 Combine(__m256i first, __m256i second, int32_t bias) {
  // hadd interleaves 128-bit halves: first 0-1, second 0-1, first 2-3, ...
  const __m256i sums = _mm256_permute4x64_epi64(
      _mm256_hadd_epi32(first, second), _MM_SHUFFLE(3, 1, 2, 0));
  return _mm256_cvtepi32_ps(_mm256_add_epi32(sums, _mm256_set1_epi32(bias)));
}

int64_t GroupQueryBytes(int head_dim) {
  return static_cast<int64_t>(sizeof(QueryHeader)) +
         int64_t{2} * kGroupRows * head_dim;
}

// Scores of R rows, V vectors of a line of 16 keys at a time.
template <int R, int V, bool kPrefetch>
__attribute__((noinline)) void ScoreRows(const ChunkArgs& args, Group& group) {
  const int num_quads = args.head_dim / 4;
  const int64_t value_offset = ValueOffset(args.head_dim);
  const uint8_t* prepared = args.queries + group.first_row / kGroupRows *
                                               GroupQueryBytes(args.head_dim);
  const auto& header = *reinterpret_cast<const QueryHeader*>(prepared);
  const int16_t* queries =
      reinterpret_cast<const int16_t*>(prepared + sizeof(QueryHeader));
  for (int half = 2 * group.first_block; half < 2 * group.end_block; ++half) {
    const uint8_t* head = args.blocks[half / 2];
    const uint8_t* line = head + half % 2 * 16 * args.head_dim;
    const float* scales = KeyScales(head, args.head_dim) + half % 2 * 16;
    if constexpr (kPrefetch) {
      _mm_prefetch(reinterpret_cast<const uint8_t*>(scales) + value_offset,
                   _MM_HINT_T1);
    }
    for (int vector = 0; vector < kLineVectors; vector += V) {
      __m256i acc[R][V];
      Clear(acc);
      for (int i = 0; i < num_quads; ++i) {
        if constexpr (kPrefetch) {
          _mm_prefetch(line + 64 * i + value_offset, _MM_HINT_T1);
        }
        DotQuads<R, V>(line + 64 * i + kVectorBytes * vector,
                       queries + 4 * R * i, 4, acc);
      }
#pragma GCC unroll 6
      for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
        for (int v = 0; v < V; v += 2) {
          const int key = (vector + v) * kVectorLanes;
          const __m256 dot =
              _mm256_mul_ps(Combine(acc[r][v], acc[r][v + 1], header.bias[r]),
                            _mm256_set1_ps(header.scale[r]));
          _mm256_store_ps(group.scores + r * kScoreStride + half * 16 + key,
                          _mm256_mul_ps(dot, _mm256_loadu_ps(scales + key)));
        }
      }
    }
  }
}

// Probabilities times their values' scales as integers: the largest scale among
// a row's visible values is kProbabilitySteps steps for a probability of 1.
void QuantizeRow(const ChunkArgs& args, int r, Group& group) {
  const float* row = group.scores + r * kScoreStride;
  const auto scales = [&](int v) {
    return _mm256_loadu_ps(
        ValueScales(args.blocks[v * kLanes / kKvBlockTokens], args.head_dim) +
        v * kLanes % kKvBlockTokens);
  };
  __m256 max = _mm256_setzero_ps();
  for (int v = group.first_vector(); v < group.end_vector(); ++v) {
    max = _mm256_max_ps(
        max, _mm256_and_ps(scales(v), _mm256_castsi256_ps(group.Mask(r, v))));
  }
  const float largest = MaxOfLanes(max);
  const __m256 inverse = _mm256_set1_ps(
      largest > kSmallestScale ? kProbabilitySteps / largest : 0.0f);
  __m256i sum = _mm256_setzero_si256();
  int16_t* out = group.steps + r * kStepStride;
  for (int v = group.first_vector(); v < group.end_vector(); ++v) {
    const __m256i steps = _mm256_cvtps_epi32(_mm256_mul_ps(
        _mm256_mul_ps(_mm256_load_ps(row + v * kLanes), scales(v)), inverse));
    sum = _mm256_add_epi32(sum, steps);
    _mm_store_si128(reinterpret_cast<__m128i*>(out + v * kLanes),
                    _mm_packs_epi32(_mm256_castsi256_si128(steps),
                                    _mm256_extracti128_si256(steps, 1)));
  }
  alignas(32) int32_t sums[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(sums), sum);
  int32_t total = 0;
  for (const int32_t lane : sums) total += lane;
  group.bias[r] = -128 * total;
  group.value_scale[r] = largest / kProbabilitySteps;
}

// Weighted values of R rows, V vectors of one slice of dimensions at a time.
template <int R, int V, bool kPrefetch>
__attribute__((noinline)) void WeighRows(const ChunkArgs& args,
                                         const Group& group,
                                         const MergeWeights* weights) {
  const int num_parts = args.head_dim / kVectorLanes / V;
  for (int part = 0; part < num_parts; ++part) {
    const int slice = part * V / kLineVectors;
    const int vector = part * V % kLineVectors;
    const int64_t offset = slice * kSliceBytes;
    __m256i acc[R][V];
    Clear(acc);
    for (int b = group.first_block; b < group.end_block; ++b) {
      const uint8_t* data =
          args.blocks[b] + ValueOffset(args.head_dim) + offset;
      const uint8_t* next =
          args.next_blocks[b] == nullptr ? data : args.next_blocks[b] + offset;
      for (int i = 0; i < kKvBlockTokens / 4; ++i) {
        if constexpr (kPrefetch) _mm_prefetch(next + 64 * i, _MM_HINT_T1);
        DotQuads<R, V>(data + 64 * i + kVectorBytes * vector,
                       group.steps + b * kKvBlockTokens + 4 * i, kStepStride,
                       acc);
      }
    }
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
      if (r >= group.num_rows) break;
      float* values = args.states.values +
                      int64_t{group.first_row + r} * args.head_dim +
                      slice * kSliceDims + vector * kVectorLanes;
#pragma GCC unroll 2
      for (int v = 0; v < V; v += 2) {
        MergeValues(
            _mm256_mul_ps(Combine(acc[r][v], acc[r][v + 1], group.bias[r]),
                          _mm256_set1_ps(group.value_scale[r])),
            weights[r], values + v * kVectorLanes);
      }
    }
  }
}

// Register shapes by rows: up to 12 accumulators.
struct Kernel {
  using Group = attention::Group;

  template <bool kPrefetch>
  static void Score(const ChunkArgs& args, Group& group) {
    switch (group.padded_rows) {
      case 1:
        return ScoreRows<1, 4, kPrefetch>(args, group);
      case 2:
        return ScoreRows<2, 4, kPrefetch>(args, group);
      case 3:
        return ScoreRows<3, 4, kPrefetch>(args, group);
      case 4:
        return ScoreRows<4, 2, kPrefetch>(args, group);
      default:
        return ScoreRows<6, 2, kPrefetch>(args, group);
    }
  }

  template <bool kPrefetch>
  static void Weigh(const ChunkArgs& args, Group& group,
                    const MergeWeights* weights) {
    for (int r = 0; r < group.padded_rows; ++r) QuantizeRow(args, r, group);
    switch (group.padded_rows) {
      case 1:
        return WeighRows<1, 4, kPrefetch>(args, group, weights);
      case 2:
        return WeighRows<2, 4, kPrefetch>(args, group, weights);
      case 3:
        return WeighRows<3, 4, kPrefetch>(args, group, weights);
      case 4:
        return WeighRows<4, 2, kPrefetch>(args, group, weights);
      default:
        return WeighRows<6, 2, kPrefetch>(args, group, weights);
    }
  }
};

int64_t QueryBytes(int num_rows, int head_dim) {
  return (num_rows + kGroupRows - 1) / kGroupRows * GroupQueryBytes(head_dim);
}

// One row into its column of a group: [D/4][padded_rows][4] int16.
void PrepareRow(const float* query, float scale, int head_dim, int row,
                int padded_rows, QueryHeader& header, int16_t* steps) {
  float largest = 0;
  for (int d = 0; d < head_dim; ++d) {
    const float q = query[d] * scale;
    const float magnitude = q < 0 ? -q : q;
    largest = magnitude > largest ? magnitude : largest;
  }
  const float inverse = largest > kSmallestScale ? kQuerySteps / largest : 0.0f;
  int32_t sum = 0;
  for (int d = 0; d < head_dim; ++d) {
    const int32_t step = _mm_cvtss_si32(_mm_set_ss(query[d] * scale * inverse));
    sum += step;
    steps[(d / 4 * padded_rows + row) * 4 + d % 4] = static_cast<int16_t>(step);
  }
  header.scale[row] = largest / kQuerySteps;
  header.bias[row] = -128 * sum;
}

void PrepareQueries(const QueryRows& rows, uint8_t* prepared) {
  const int num_rows = rows.num_queries * rows.group;
  for (int row = 0; row < num_rows; ++row) {
    const int in_group = row % kGroupRows;
    uint8_t* group =
        prepared + row / kGroupRows * GroupQueryBytes(rows.head_dim);
    const float* query = rows.query + row / rows.group * rows.stride +
                         int64_t{row % rows.group} * rows.head_dim;
    PrepareRow(query, rows.scale, rows.head_dim, in_group,
               PaddedRows(num_rows - (row - in_group)),
               *reinterpret_cast<QueryHeader*>(group),
               reinterpret_cast<int16_t*>(group + sizeof(QueryHeader)));
  }
}

}  // namespace

const ChunkKernels kAvx2I8Kernels = {QueryBytes,      ChunkScratchBytes<Kernel>,
                                     PrepareQueries,  AttendChunk<Kernel>,
                                     MergeStatesAvx2, FinishRowsAvx2};

}  // namespace tessera::attention
