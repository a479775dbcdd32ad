#include "libs/kernels/attention/attention_reference.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "libs/tensor/float16.h"

namespace tessera::attention {
namespace {

constexpr int kB = kKvBlockTokens;
// Finite, so that a difference of two is no NaN.
constexpr float kNoScore = -1e30f;

float ReadBFloat16(const uint8_t* data, int64_t index) {
  uint16_t bits;
  std::memcpy(&bits, data + 2 * index, sizeof(bits));
  return BFloat16ToFloat(bits);
}

void WriteBFloat16(float value, int64_t index, uint8_t* data) {
  const uint16_t bits = FloatToBFloat16(value);
  std::memcpy(data + 2 * index, &bits, sizeof(bits));
}

float ReadFloat(const uint8_t* data, int64_t index) {
  float value;
  std::memcpy(&value, data + 4 * index, sizeof(value));
  return value;
}

// The scale of `values` as int8, and its inverse: 0 where all are 0.
struct Int8Scale {
  float scale = 0;
  float inverse = 0;
};

Int8Scale ScaleOf(const float* values, int n) {
  float largest = 0;
  for (int i = 0; i < n; ++i) {
    largest = std::max(largest, std::fabs(values[i]));
  }
  const float scale = largest / 127;
  return {scale, scale > 0 ? 1 / scale : 0};
}

int Quantize(float value, const Int8Scale& scale) {
  return std::clamp(static_cast<int>(std::nearbyintf(value * scale.inverse)),
                    -127, 127);
}

void StoreInt8(const float* key, const float* value, int head_dim, int slot,
               uint8_t* head) {
  const Int8Scale key_scale = ScaleOf(key, head_dim);
  const Int8Scale value_scale = ScaleOf(value, head_dim);
  uint8_t* values = head + KvValueOffset(KvDType::kI8, head_dim);
  for (int d = 0; d < head_dim; ++d) {
    head[(d / 4 * kB + slot) * 4 + d % 4] =
        static_cast<uint8_t>(Quantize(key[d], key_scale) + 128);
    values[(slot / 4 * head_dim + d) * 4 + slot % 4] =
        static_cast<uint8_t>(Quantize(value[d], value_scale));
  }
  std::memcpy(head + KvKeyScaleOffset(head_dim) + 4 * slot, &key_scale.scale,
              4);
  std::memcpy(head + KvValueScaleOffset(head_dim) + 4 * slot,
              &value_scale.scale, 4);
}

void LoadFloat(const uint8_t* head, int head_dim, int begin, int end,
               float* keys, float* values) {
  const int64_t offset = int64_t{begin} * head_dim;
  const int64_t bytes = int64_t{4} * (end - begin) * head_dim;
  std::memcpy(keys + offset, head + 4 * offset, bytes);
  std::memcpy(values + offset,
              head + KvValueOffset(KvDType::kF32, head_dim) + 4 * offset,
              bytes);
}

void LoadBFloat16(const uint8_t* head, int head_dim, int begin, int end,
                  float* keys, float* values) {
  const uint8_t* value = head + KvValueOffset(KvDType::kBF16, head_dim);
  for (int t = begin; t < end; ++t) {
    for (int d = 0; d < head_dim; ++d) {
      keys[t * head_dim + d] = ReadBFloat16(head, (d / 2 * kB + t) * 2 + d % 2);
      values[t * head_dim + d] =
          ReadBFloat16(value, (t / 2 * head_dim + d) * 2 + t % 2);
    }
  }
}

void LoadInt8(const uint8_t* head, int head_dim, int begin, int end,
              float* keys, float* values) {
  const uint8_t* value = head + KvValueOffset(KvDType::kI8, head_dim);
  for (int t = begin; t < end; ++t) {
    const float key_scale = ReadFloat(head + KvKeyScaleOffset(head_dim), t);
    const float value_scale = ReadFloat(head + KvValueScaleOffset(head_dim), t);
    for (int d = 0; d < head_dim; ++d) {
      keys[t * head_dim + d] =
          key_scale * (head[(d / 4 * kB + t) * 4 + d % 4] - 128);
      values[t * head_dim + d] =
          value_scale *
          static_cast<int8_t>(value[(t / 4 * head_dim + d) * 4 + t % 4]);
    }
  }
}

// Keys and values [kB, D] of slots [begin, end) of one block.
void LoadBlock(const uint8_t* head, KvDType dtype, int head_dim, int begin,
               int end, float* keys, float* values) {
  switch (dtype) {
    case KvDType::kF32:
      return LoadFloat(head, head_dim, begin, end, keys, values);
    case KvDType::kBF16:
      return LoadBFloat16(head, head_dim, begin, end, keys, values);
    case KvDType::kI8:
      return LoadInt8(head, head_dim, begin, end, keys, values);
  }
}

// Eight sums, so that the compiler may use vectors without reordering any.
float Dot(const float* a, const float* b, int n) {
  float lanes[8] = {};
  int i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int lane = 0; lane < 8; ++lane)
      lanes[lane] += a[i + lane] * b[i + lane];
  }
  for (int lane = 0; i < n; ++i, ++lane) lanes[lane] += a[i] * b[i];
  for (int width = 4; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

// Running state of one row: maximum, sum of exponentials, weighted values.
struct RowState {
  float* max;
  float* sum;
  float* values;  // [D]
};

// One block's partial softmax, then merged into the row.
void AttendBlock(const float* query, const float* keys, const float* values,
                 int head_dim, int begin, int end, float scale, float* partial,
                 const RowState& state) {
  float scores[kB];
  float max = kNoScore;
  for (int t = begin; t < end; ++t) {
    scores[t] = Dot(query, keys + t * head_dim, head_dim) * scale;
    max = std::max(max, scores[t]);
  }
  float sum = 0;
  std::fill(partial, partial + head_dim, 0.0f);
  for (int t = begin; t < end; ++t) {
    const float p = std::exp(scores[t] - max);
    sum += p;
    for (int d = 0; d < head_dim; ++d) {
      partial[d] += p * values[t * head_dim + d];
    }
  }
  const float merged_max = std::max(*state.max, max);
  const float old_weight = std::exp(*state.max - merged_max);
  const float new_weight = std::exp(max - merged_max);
  *state.max = merged_max;
  *state.sum = *state.sum * old_weight + sum * new_weight;
  for (int d = 0; d < head_dim; ++d) {
    state.values[d] = state.values[d] * old_weight + partial[d] * new_weight;
  }
}

}  // namespace

void StoreTokenReference(const float* key, const float* value, KvDType dtype,
                         int head_dim, int slot, uint8_t* head) {
  uint8_t* values = head + KvValueOffset(dtype, head_dim);
  switch (dtype) {
    case KvDType::kF32:
      std::memcpy(head + int64_t{4} * slot * head_dim, key, 4 * head_dim);
      std::memcpy(values + int64_t{4} * slot * head_dim, value, 4 * head_dim);
      return;
    case KvDType::kBF16:
      for (int d = 0; d < head_dim; ++d) {
        WriteBFloat16(key[d], (d / 2 * kB + slot) * 2 + d % 2, head);
        WriteBFloat16(value[d], (slot / 2 * head_dim + d) * 2 + slot % 2,
                      values);
      }
      return;
    case KvDType::kI8:
      StoreInt8(key, value, head_dim, slot, head);
      return;
  }
}

int64_t ReferenceScratchFloats(int head_dim, int num_rows) {
  return int64_t{2 * kB + 1} * head_dim + 2 * num_rows;
}

void AttendReference(const ReferenceArgs& args) {
  const int head_dim = args.head_dim;
  float* keys = args.scratch;
  float* values = keys + kB * head_dim;
  float* partial = values + kB * head_dim;
  float* maxima = partial + head_dim;
  float* sums = maxima + args.num_rows;
  std::fill(maxima, maxima + args.num_rows, kNoScore);
  std::fill(sums, sums + args.num_rows, 0.0f);
  std::fill(args.output, args.output + int64_t{args.num_rows} * head_dim, 0.0f);
  for (int64_t block = args.begin / kB; block * kB < args.end; ++block) {
    const int begin = std::max<int64_t>(args.begin - block * kB, 0);
    const int end = std::min<int64_t>(args.end - block * kB, kB);
    LoadBlock(args.blocks[block], args.dtype, head_dim, begin, end, keys,
              values);
    for (int row = 0; row < args.num_rows; ++row) {
      AttendBlock(
          args.query + int64_t{row} * head_dim, keys, values, head_dim, begin,
          end, args.scale, partial,
          {&maxima[row], &sums[row], args.output + int64_t{row} * head_dim});
    }
  }
  for (int row = 0; row < args.num_rows; ++row) {
    float* output = args.output + int64_t{row} * head_dim;
    for (int d = 0; d < head_dim; ++d) output[d] /= sums[row];
    if (args.log_sum_exp != nullptr) {
      args.log_sum_exp[row] = maxima[row] + std::log(sums[row]);
    }
  }
}

}  // namespace tessera::attention
