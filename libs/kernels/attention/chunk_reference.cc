// The plain reference: the oracle of the fast kernels, and the path of float
// caches and of head dimensions that those do not take. Queries and
// probabilities stay in float.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "libs/kernels/attention/chunk_kernels.h"
#include "libs/kernels/attention/kv_layout.h"
#include "libs/tensor/float16.h"

namespace tessera::attention {
namespace {

constexpr int kB = kKvBlockTokens;

float FloatAt(const uint8_t* data, int64_t index) {
  float value;
  std::memcpy(&value, data + 4 * index, sizeof(value));
  return value;
}

float BFloat16At(const uint8_t* data, int64_t index) {
  uint16_t bits;
  std::memcpy(&bits, data + 2 * index, sizeof(bits));
  return BFloat16ToFloat(bits);
}

void LoadFloat(const uint8_t* head, int head_dim, float* keys, float* values) {
  const int64_t bytes = int64_t{4} * kB * head_dim;
  std::memcpy(keys, head, bytes);
  std::memcpy(values, head + KvValueOffset(KvDType::kF32, head_dim), bytes);
}

void LoadBFloat16(const uint8_t* head, int head_dim, float* keys,
                  float* values) {
  constexpr KvDType kType = KvDType::kBF16;
  const uint8_t* value = head + KvValueOffset(kType, head_dim);
  for (int t = 0; t < kB; ++t) {
    for (int d = 0; d < head_dim; ++d) {
      *keys++ = BFloat16At(head, KvKeyIndex(kType, head_dim, t, d));
      *values++ = BFloat16At(value, KvValueIndex(kType, head_dim, t, d));
    }
  }
}

void LoadInt8(const uint8_t* head, int head_dim, float* keys, float* values) {
  constexpr KvDType kType = KvDType::kI8;
  const uint8_t* value = head + KvValueOffset(kType, head_dim);
  for (int t = 0; t < kB; ++t) {
    const float key_scale = FloatAt(head + KvKeyScaleOffset(head_dim), t);
    const float value_scale = FloatAt(head + KvValueScaleOffset(head_dim), t);
    for (int d = 0; d < head_dim; ++d) {
      *keys++ = key_scale * (head[KvKeyIndex(kType, head_dim, t, d)] - 128);
      *values++ =
          value_scale * (value[KvValueIndex(kType, head_dim, t, d)] - 128);
    }
  }
}

// Eight sums, so that the compiler may use vectors without reordering any.
float Dot(const float* a, const float* b, int n) {
  float lanes[8] = {};
  int i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int lane = 0; lane < 8; ++lane) {
      lanes[lane] += a[i + lane] * b[i + lane];
    }
  }
  for (int lane = 0; i < n; ++i, ++lane) lanes[lane] += a[i] * b[i];
  for (int width = 4; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

void MergeRow(float max, float sum, const float* values, int head_dim, int row,
              const RowStates& states) {
  const float merged = std::max(states.max[row], max);
  const float old_weight = std::exp2(states.max[row] - merged);
  const float new_weight = std::exp2(max - merged);
  states.max[row] = merged;
  states.sum[row] = states.sum[row] * old_weight + sum * new_weight;
  float* into = states.values + int64_t{row} * head_dim;
  for (int d = 0; d < head_dim; ++d) {
    into[d] = into[d] * old_weight + values[d] * new_weight;
  }
}

// One row over keys [visible.begin, visible.end) of the chunk.
void AttendRow(const ChunkArgs& args, const KeyRange& visible, int row,
               const float* keys, const float* values, float* partial) {
  const int dim = args.head_dim;
  const float* query =
      reinterpret_cast<const float*>(args.queries) + int64_t{row} * dim;
  float scores[kChunkKeys];
  float max = kNoScore;
  for (int t = visible.begin; t < visible.end; ++t) {
    scores[t] = Dot(query, keys + int64_t{t} * dim, dim);
    max = std::max(max, scores[t]);
  }
  float sum = 0;
  std::fill(partial, partial + dim, 0.0f);
  for (int t = visible.begin; t < visible.end; ++t) {
    const float p = std::exp2(scores[t] - max);
    sum += p;
    for (int d = 0; d < dim; ++d)
      partial[d] += p * values[int64_t{t} * dim + d];
  }
  MergeRow(max, sum, partial, dim, row, args.states);
}

using LoadBlock = void (*)(const uint8_t* head, int head_dim, float* keys,
                           float* values);

template <LoadBlock kLoad>
void AttendChunk(const ChunkArgs& args) {
  const int dim = args.head_dim;
  float* keys = reinterpret_cast<float*>(args.scratch);
  float* values = keys + int64_t{kChunkKeys} * dim;
  float* partial = values + int64_t{kChunkKeys} * dim;
  KeyRange any = {0, kChunkKeys};
  if (args.visible != nullptr) {
    any = {kChunkKeys, 0};
    for (int row = 0; row < args.num_rows; ++row) {
      any.begin = std::min(any.begin, args.visible[row].begin);
      any.end = std::max(any.end, args.visible[row].end);
    }
  }
  for (int block = any.begin / kB; block * kB < any.end; ++block) {
    const int64_t offset = int64_t{block} * kB * dim;
    kLoad(args.blocks[block], dim, keys + offset, values + offset);
  }
  for (int row = 0; row < args.num_rows; ++row) {
    AttendRow(args, args.visible == nullptr ? any : args.visible[row], row,
              keys, values, partial);
  }
}

int64_t QueryBytes(int num_rows, int head_dim) {
  return int64_t{4} * num_rows * head_dim;
}

int64_t ScratchBytes(int head_dim) {
  return int64_t{4} * (2 * kChunkKeys + 1) * head_dim;
}

void PrepareQueries(const QueryRows& rows, uint8_t* prepared) {
  float* out = reinterpret_cast<float*>(prepared);
  for (int i = 0; i < rows.num_queries; ++i) {
    for (int d = 0; d < rows.group * rows.head_dim; ++d) {
      *out++ = rows.query[i * rows.stride + d] * rows.scale;
    }
  }
}

void MergeStates(const RowStates& partial, int num_rows, int head_dim,
                 const RowStates& states) {
  for (int row = 0; row < num_rows; ++row) {
    MergeRow(partial.max[row], partial.sum[row],
             partial.values + int64_t{row} * head_dim, head_dim, row, states);
  }
}

void FinishRows(const RowStates& states, const OutputRows& rows) {
  const float* values = states.values;
  for (int i = 0; i < rows.num_queries; ++i) {
    float* output = rows.output + i * rows.stride;
    for (int j = 0; j < rows.group; ++j) {
      for (int d = 0; d < rows.head_dim; ++d) {
        *output++ = *values++ / states.sum[i * rows.group + j] + 0.0f;
      }
    }
  }
}

template <LoadBlock kLoad>
constexpr ChunkKernels kKernels = {QueryBytes,     ScratchBytes,
                                   PrepareQueries, AttendChunk<kLoad>,
                                   MergeStates,    FinishRows};

}  // namespace

const ChunkKernels kReferenceF32Kernels = kKernels<LoadFloat>;
const ChunkKernels kReferenceBF16Kernels = kKernels<LoadBFloat16>;
const ChunkKernels kReferenceI8Kernels = kKernels<LoadInt8>;

}  // namespace tessera::attention
