#include <algorithm>
#include <cmath>
#include <cstring>

#include "libs/kernels/attention/attention.h"
#include "libs/tensor/float16.h"

namespace tessera::attention {
namespace {

using device::Range;

constexpr int kB = kKvBlockTokens;

void StoreFloat(const float* key, const float* value, int head_dim, int slot,
                uint8_t* head) {
  const int64_t bytes = int64_t{4} * head_dim;
  std::memcpy(head + slot * bytes, key, bytes);
  std::memcpy(head + KvValueOffset(KvDType::kF32, head_dim) + slot * bytes,
              value, bytes);
}

void StoreBFloat16(const float* key, const float* value, int head_dim, int slot,
                   uint8_t* head) {
  constexpr KvDType kType = KvDType::kBF16;
  uint8_t* values = head + KvValueOffset(kType, head_dim);
  for (int d = 0; d < head_dim; ++d) {
    const uint16_t k = FloatToBFloat16(key[d]);
    const uint16_t v = FloatToBFloat16(value[d]);
    std::memcpy(head + 2 * KvKeyIndex(kType, head_dim, slot, d), &k, 2);
    std::memcpy(values + 2 * KvValueIndex(kType, head_dim, slot, d), &v, 2);
  }
}

// The scale of `values` as int8, and its inverse: 0 where all are next to 0,
// since it would overflow.
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
  return {scale, scale > 1e-30f ? 1 / scale : 0};
}

uint8_t Quantize(float value, const Int8Scale& scale) {
  const float steps = std::nearbyintf(value * scale.inverse);
  if (!(std::fabs(steps) <= 127)) return 128;  // no number
  return static_cast<uint8_t>(steps + 128);
}

void StoreInt8(const float* key, const float* value, int head_dim, int slot,
               uint8_t* head) {
  constexpr KvDType kType = KvDType::kI8;
  const Int8Scale key_scale = ScaleOf(key, head_dim);
  const Int8Scale value_scale = ScaleOf(value, head_dim);
  uint8_t* values = head + KvValueOffset(kType, head_dim);
  for (int d = 0; d < head_dim; ++d) {
    head[KvKeyIndex(kType, head_dim, slot, d)] = Quantize(key[d], key_scale);
    values[KvValueIndex(kType, head_dim, slot, d)] =
        Quantize(value[d], value_scale);
  }
  std::memcpy(head + KvKeyScaleOffset(head_dim) + 4 * slot, &key_scale.scale,
              4);
  std::memcpy(head + KvValueScaleOffset(head_dim) + 4 * slot,
              &value_scale.scale, 4);
}

void StoreToken(const float* key, const float* value, KvDType dtype,
                int head_dim, int slot, uint8_t* head) {
  switch (dtype) {
    case KvDType::kF32:
      return StoreFloat(key, value, head_dim, slot, head);
    case KvDType::kBF16:
      return StoreBFloat16(key, value, head_dim, slot, head);
    case KvDType::kI8:
      return StoreInt8(key, value, head_dim, slot, head);
  }
}

// Kernels read whole blocks and multiply what is masked by 0: what a recycled
// block holds after the sequence's last token must be finite. Whoever stores
// that token clears the slots behind it, which nobody else touches; once is
// enough, by the pass that begins the block.
void ClearBehind(const KvLayer& kv, int last_slot, uint8_t* head) {
  static constexpr float kZeros[kMaxHeadDim] = {};
  for (int slot = last_slot + 1; slot < kB; ++slot) {
    StoreToken(kZeros, kZeros, kv.dtype, kv.head_dim, slot, head);
  }
}

}  // namespace

void StoreKeysValues(device::KernelSet kernels, const KeyValueRows& rows,
                     absl::Span<const AttentionSequence> sequences,
                     Range tokens, int kv_head, const KvLayer& kv) {
  const float* keys = rows.key + int64_t{kv_head} * kv.head_dim;
  const float* values = rows.value + int64_t{kv_head} * kv.head_dim;
  for (const AttentionSequence& sequence : sequences) {
    const int64_t last_row = sequence.first_query + sequence.num_queries - 1;
    const int64_t begin = std::max(tokens.begin, sequence.first_query);
    const int64_t end = std::min(tokens.end, last_row + 1);
    for (int64_t row = begin; row < end; ++row) {
      const int64_t position =
          sequence.first_position + row - sequence.first_query;
      const int slot = static_cast<int>(position % kB);
      uint8_t* head = kv.head(sequence.block_table[position / kB], kv_head);
      const bool begun_here = position - slot >= sequence.first_position;
      if (row == last_row && slot == 0) {
        std::memset(head, 0, KvHeadBytes(kv.dtype, kv.head_dim));
      } else if (row == last_row && begun_here) {
        ClearBehind(kv, slot, head);
      }
      StoreToken(keys + row * rows.row_stride, values + row * rows.row_stride,
                 kv.dtype, kv.head_dim, slot, head);
    }
  }
}

}  // namespace tessera::attention
