// A tile against one chunk of an int8 cache, by vpdpbusd.
//
// Queries become 16-bit integers with a scale a row, probabilities (times their
// value's scale) 14-bit ones, each as two planes of int8: as many
// multiplications as in bf16, no conversion of keys and values, and integer
// sums that are exact in any order. The cache's bytes are biased by 128, since
// vpdpbusd multiplies unsigned by signed; a row's sum times -128 corrects it.
//
//   score = (256 high . k + low . k - 128 sum(q)) * query_scale * key_scale
//
// The one shape of both products is 12 rows x 1 vector x 2 planes.
#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "libs/kernels/attention/avx512_row_group.h"
#include "libs/kernels/attention/avx512_softmax.h"
#include "libs/kernels/attention/chunk_kernels.h"

// acc += the four signed bytes at `memory`, in every lane, times the unsigned
// ones of `data`. GCC 12 does not fold the broadcast by itself.
#define TESSERA_DOT_INT8(acc, data, memory) \
  asm("vpdpbusd %2%{1to16%}, %1, %0"        \
      : "+v"(acc)                           \
      : "v"(data), "m"(*reinterpret_cast<const int32_t*>(memory)))

namespace tessera::attention {
namespace {

constexpr int kPlaneStride = kChunkKeys + 64;                 // bytes
constexpr int kSliceBytes = kKvBlockTokens / 4 * kLanes * 4;  // of values
// Largest magnitudes whose high planes fit in int8: 127 * 256 and 127 * 128.
constexpr float kQuerySteps = 32512;
constexpr int kPlaneBits = 7;  // of a probability's low plane
constexpr float kProbabilitySteps = 16256;
// Values smaller than this count as 0: its inverse would overflow.
constexpr float kSmallestScale = 1e-30f;

// What a group of prepared queries starts with.
struct QueryHeader {
  float scale[kLanes];
  int32_t bias[kLanes];  // -128 sum(q)
};

struct Group : RowGroup {
  const QueryHeader* header;
  const uint8_t* queries;           // [D/4][padded_rows][high, low][4] int8
  float value_inverse[kGroupRows];  // probability steps of one value step
  float value_scale[kGroupRows];    // of one probability step
  alignas(64) int32_t sums_of_steps[kGroupRows][kLanes];
  alignas(64) int8_t high[kGroupRows * kPlaneStride];
  alignas(64) int8_t low[kGroupRows * kPlaneStride];
};

const float* KeyScales(const uint8_t* head, int head_dim) {
  return reinterpret_cast<const float*>(head + kKvBlockTokens * head_dim);
}

int64_t ValueOffset(int head_dim) {
  return int64_t{kKvBlockTokens} * (head_dim + 4);
}

const uint8_t* Values(const uint8_t* head, int head_dim) {
  return head + ValueOffset(head_dim);
}

const float* ValueScales(const uint8_t* head, int head_dim) {
  return KeyScales(Values(head, head_dim), head_dim);
}

// `high` and `low` planes of one lane put together, and their bias.
inline __m512 Combine(__m512i high, __m512i low, int shift, int32_t bias) {
  return _mm512_cvtepi32_ps(
      _mm512_add_epi32(_mm512_add_epi32(_mm512_slli_epi32(high, shift), low),
                       _mm512_set1_epi32(bias)));
}

// Scores of R rows against V vectors of keys from `vector` on.
template <int R, int V, bool kPrefetch>
inline void ScoreVectors(const ChunkArgs& args, const Group& group, int vector,
                         float* scores) {
  const int head_dim = args.head_dim;
  const int num_quads = head_dim / 4;
  const int64_t value_offset = ValueOffset(head_dim);
  const uint8_t* keys[V];
  const float* scales[V];
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
    const uint8_t* head = args.blocks[(vector + v) / kBlockVectors];
    const int half = (vector + v) % kBlockVectors;
    keys[v] = head + half * kLanes * head_dim;
    scales[v] = KeyScales(head, head_dim) + half * kLanes;
  }
  __m512i high[R][V];
  __m512i low[R][V];
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      high[r][v] = _mm512_setzero_si512();
      low[r][v] = _mm512_setzero_si512();
    }
  }
  const uint8_t* query = group.queries;
  for (int i = 0; i < num_quads; ++i) {
    __m512i quads[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      quads[v] = _mm512_load_si512(keys[v] + 64 * i);
      if constexpr (kPrefetch) {
        _mm_prefetch(keys[v] + 64 * i + value_offset, _MM_HINT_T1);
      }
    }
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        TESSERA_DOT_INT8(high[r][v], quads[v], query + 8 * r);
        TESSERA_DOT_INT8(low[r][v], quads[v], query + 8 * r + 4);
      }
    }
    query += 8 * R;
  }
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
    const __m512 scale = _mm512_load_ps(scales[v]);
    if constexpr (kPrefetch) {
      _mm_prefetch(reinterpret_cast<const uint8_t*>(scales[v]) + value_offset,
                   _MM_HINT_T1);
    }
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      const __m512 dot =
          Combine(high[r][v], low[r][v], 8, group.header->bias[r]);
      _mm512_store_ps(
          scores + r * kScoreStride + (vector + v) * kLanes,
          _mm512_mul_ps(
              _mm512_mul_ps(dot, _mm512_set1_ps(group.header->scale[r])),
              scale));
    }
  }
}

// Scores of a group, V vectors at a time.
template <int R, int V, bool kPrefetch>
void ScoreBlocks(const ChunkArgs& args, const Group& group, float* scores) {
  int vector = group.first_vector();
  for (; vector + V <= group.end_vector(); vector += V) {
    ScoreVectors<R, V, kPrefetch>(args, group, vector, scores);
  }
  for (; vector < group.end_vector(); ++vector) {
    ScoreVectors<R, 1, kPrefetch>(args, group, vector, scores);
  }
}

// Scales of the values of key vector `v`.
const float* ValueScalesOf(const ChunkArgs& args, int v) {
  return ValueScales(args.blocks[v / kBlockVectors], args.head_dim) +
         v % kBlockVectors * kLanes;
}

// The largest scale among a row's visible values is kProbabilitySteps steps for
// a probability of 1.
void SetValueScales(const ChunkArgs& args, Group& group) {
  for (int r = 0; r < group.padded_rows; ++r) {
    float largest = group.value_scale[0];
    if (r == 0 || group.masked) {
      __m512 max = _mm512_setzero_ps();
      for (int v = group.first_vector(); v < group.end_vector(); ++v) {
        const __mmask16 mask = group.masked ? group.masks[v][r] : 0xffff;
        max = _mm512_mask_max_ps(max, mask, max,
                                 _mm512_load_ps(ValueScalesOf(args, v)));
      }
      largest = _mm512_reduce_max_ps(max);
    }
    group.value_scale[r] = largest;
    _mm512_store_si512(group.sums_of_steps[r], _mm512_setzero_si512());
  }
  for (int r = 0; r < group.padded_rows; ++r) {
    const float largest = group.value_scale[r];
    group.value_inverse[r] =
        largest > kSmallestScale ? kProbabilitySteps / largest : 0.0f;
    group.value_scale[r] = largest / kProbabilitySteps;
  }
}

template <bool kMasked>
inline __attribute__((always_inline)) void Exponentiate(const float* scores,
                                                        __m512 value_scales,
                                                        Group& group, int v,
                                                        int r) {
  const __m512 p = Probabilities<kMasked>(scores, group, v, r);
  const __m512i steps = _mm512_cvtps_epi32(_mm512_mul_ps(
      _mm512_mul_ps(p, value_scales), _mm512_set1_ps(group.value_inverse[r])));
  _mm512_store_si512(
      group.sums_of_steps[r],
      _mm512_add_epi32(_mm512_load_si512(group.sums_of_steps[r]), steps));
  const int at = r * kPlaneStride + v * kLanes;
  _mm_store_si128(reinterpret_cast<__m128i*>(group.high + at),
                  _mm512_cvtepi32_epi8(_mm512_srli_epi32(steps, kPlaneBits)));
  _mm_store_si128(reinterpret_cast<__m128i*>(group.low + at),
                  _mm512_cvtepi32_epi8(_mm512_and_si512(
                      steps, _mm512_set1_epi32((1 << kPlaneBits) - 1))));
}

// The exponentials that a product is to take along; none: group is null. A unit
// is half the rows of one vector.
struct Companion {
  const float* scores = nullptr;
  Group* group = nullptr;

  int end_unit() const { return 2 * group->end_vector(); }
};

enum class Along { kNothing, kExponentials, kMaskedExponentials };

// One block's part of the weighted values of R rows and V slices of 16
// dimensions; with kAlong, a unit of the companion's exponentials.
template <int R, int V, Along kAlong, bool kPrefetch>
inline __attribute__((always_inline)) void WeighBlock(
    const ChunkArgs& args, const uint8_t* values, const int8_t* high_steps,
    const int8_t* low_steps, const uint8_t* next, const Companion& along,
    int unit, __m512i (&high)[R][V], __m512i (&low)[R][V]) {
  constexpr int kQuads = kKvBlockTokens / 4;
  const auto step = [&](int i) __attribute__((always_inline)) {
    __m512i quads[V];
#pragma GCC unroll 4
    for (int s = 0; s < V; ++s) {
      quads[s] = _mm512_load_si512(values + kSliceBytes * s + 64 * i);
      if constexpr (kPrefetch) {
        _mm_prefetch(next + kSliceBytes * s + 64 * i, _MM_HINT_T1);
      }
    }
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int s = 0; s < V; ++s) {
        TESSERA_DOT_INT8(high[r][s], quads[s],
                         high_steps + r * kPlaneStride + 4 * i);
        TESSERA_DOT_INT8(low[r][s], quads[s],
                         low_steps + r * kPlaneStride + 4 * i);
      }
    }
  };
  int i = 0;
  if constexpr (kAlong != Along::kNothing) {
    const int v = unit / 2;
    const int first_row = unit % 2 * (kGroupRows / 2);
    const __m512 scales = _mm512_load_ps(ValueScalesOf(args, v));
#pragma GCC unroll 1
    for (; i < kGroupRows / 2; ++i) {
      step(i);
      Exponentiate<kAlong == Along::kMaskedExponentials>(
          along.scores, scales, *along.group, v, first_row + i);
    }
  }
#pragma GCC unroll 1
  for (; i < kQuads; ++i) step(i);
}

// Weighted values of R rows and V slices from `slice` on, merged into states.
template <int R, int V, Along kAlong, bool kPrefetch>
void WeighSlices(const ChunkArgs& args, const Group& group,
                 const Companion& along, int slice) {
  __m512i high[R][V];
  __m512i low[R][V];
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int s = 0; s < V; ++s) {
      high[r][s] = _mm512_setzero_si512();
      low[r][s] = _mm512_setzero_si512();
    }
  }
  for (int b = group.first_block; b < group.end_block; ++b) {
    const uint8_t* values =
        Values(args.blocks[b], args.head_dim) + slice * kSliceBytes;
    const int8_t* high_steps = group.high + b * kKvBlockTokens;
    const int8_t* low_steps = group.low + b * kKvBlockTokens;
    const uint8_t* next = nullptr;
    if constexpr (kPrefetch) {
      next = args.next_blocks[b] == nullptr
                 ? values
                 : args.next_blocks[b] + slice * kSliceBytes;
    }
    if constexpr (kAlong != Along::kNothing) {
      if (along.group->next_unit < along.end_unit()) {
        WeighBlock<R, V, kAlong, kPrefetch>(
            args, values, high_steps, low_steps, next, along,
            along.group->next_unit++, high, low);
        continue;
      }
    }
    WeighBlock<R, V, Along::kNothing, kPrefetch>(
        args, values, high_steps, low_steps, next, along, 0, high, low);
  }
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) {
    if (r >= group.num_rows) break;
    const int32_t bias = -128 * _mm512_reduce_add_epi32(
                                    _mm512_load_si512(group.sums_of_steps[r]));
    float* row = args.states.values +
                 int64_t{group.first_row + r} * args.head_dim + slice * kLanes;
#pragma GCC unroll 4
    for (int s = 0; s < V; ++s) {
      const __m512 sum = Combine(high[r][s], low[r][s], kPlaneBits, bias);
      MergeValues(_mm512_mul_ps(sum, _mm512_set1_ps(group.value_scale[r])),
                  group.weights.old_weight[r], group.weights.new_weight[r],
                  row + s * kLanes);
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

int64_t GroupQueryBytes(int head_dim) {
  return static_cast<int64_t>(sizeof(QueryHeader)) +
         int64_t{2} * kGroupRows * head_dim;
}

// Register shapes by rows: enough accumulators to hide the latency, and few
// enough to stay in registers.
struct Kernel {
  using Group = attention::Group;

  static void Begin(const ChunkArgs& args, Group& group) {
    const uint8_t* queries = args.queries + group.first_row / kGroupRows *
                                                GroupQueryBytes(args.head_dim);
    group.header = reinterpret_cast<const QueryHeader*>(queries);
    group.queries = queries + sizeof(QueryHeader);
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
    SetValueScales(args, group);
    group.next_unit = 2 * group.first_vector();
  }

  static void FinishExponentials(const ChunkArgs& args, const float* scores,
                                 Group& group) {
    // A unit may have done a vector's first six rows.
    int row = group.next_unit % 2 * (kGroupRows / 2);
    for (int v = group.next_unit / 2; v < group.end_vector(); ++v) {
      const __m512 scales = _mm512_load_ps(ValueScalesOf(args, v));
      for (; row < group.padded_rows; ++row) {
        group.masked ? Exponentiate<true>(scores, scales, group, v, row)
                     : Exponentiate<false>(scores, scales, group, v, row);
      }
      row = 0;
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
        return WeighRows<4, 2, kPrefetch>(args, group, along);
      case 6:
        return WeighRows<6, 2, kPrefetch>(args, group, along);
      case 8:
        return WeighRows<8, 1, kPrefetch>(args, group, along);
      default:
        return WeighRows<12, 1, kPrefetch>(args, group, along);
    }
  }
};

int64_t QueryBytes(int num_rows, int head_dim) {
  return (num_rows + kGroupRows - 1) / kGroupRows * GroupQueryBytes(head_dim);
}

// One row into its column of a group's planes.
void PrepareRow(const float* query, float scale, int head_dim, int row,
                int padded_rows, QueryHeader& header, uint8_t* planes) {
  const __m512 scales = _mm512_set1_ps(scale);
  __m512 max = _mm512_setzero_ps();
  for (int d = 0; d < head_dim; d += kLanes) {
    const __m512 q = _mm512_mul_ps(_mm512_loadu_ps(query + d), scales);
    max = _mm512_max_ps(max, _mm512_abs_ps(q));
  }
  const float largest = _mm512_reduce_max_ps(max);
  const __m512 inverse =
      _mm512_set1_ps(largest > kSmallestScale ? kQuerySteps / largest : 0.0f);
  __m512i sum = _mm512_setzero_si512();
  for (int d = 0; d < head_dim; d += kLanes) {
    const __m512 q = _mm512_mul_ps(_mm512_loadu_ps(query + d), scales);
    const __m512i steps = _mm512_cvtps_epi32(_mm512_mul_ps(q, inverse));
    sum = _mm512_add_epi32(sum, steps);
    const __m512i high =
        _mm512_srai_epi32(_mm512_add_epi32(steps, _mm512_set1_epi32(128)), 8);
    alignas(16) int8_t high_bytes[kLanes];
    alignas(16) int8_t low_bytes[kLanes];
    _mm_store_si128(reinterpret_cast<__m128i*>(high_bytes),
                    _mm512_cvtepi32_epi8(high));
    _mm_store_si128(reinterpret_cast<__m128i*>(low_bytes),
                    _mm512_cvtepi32_epi8(
                        _mm512_sub_epi32(steps, _mm512_slli_epi32(high, 8))));
    for (int quad = 0; quad < kLanes / 4; ++quad) {
      uint8_t* out = planes + 8 * ((d / 4 + quad) * padded_rows + row);
      std::memcpy(out, high_bytes + 4 * quad, 4);
      std::memcpy(out + 4, low_bytes + 4 * quad, 4);
    }
  }
  header.scale[row] = largest / kQuerySteps;
  header.bias[row] = -128 * _mm512_reduce_add_epi32(sum);
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
               group + sizeof(QueryHeader));
  }
}

}  // namespace

const ChunkKernels kAvx512I8Kernels = {
    QueryBytes,          ChunkScratchBytes<Kernel>, PrepareQueries,
    AttendChunk<Kernel>, MergeStatesAvx512,         FinishRowsAvx512};

}  // namespace tessera::attention
