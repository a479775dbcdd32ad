#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "libs/kernels/attention/attention.h"

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

// Rounds to bf16, to nearest and even, without a branch, so that the compiler
// makes vectors of it. What is not finite becomes 0, as in int8: a draft that
// is taken back leaves its values behind, and a masked one is multiplied by 0.
void RoundToBFloat16(const float* input, int n, uint16_t* output) {
  for (int i = 0; i < n; ++i) {
    const uint32_t bits = std::bit_cast<uint32_t>(input[i]);
    const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    output[i] =
        static_cast<uint16_t>((rounded & 0x7f80) == 0x7f80 ? 0 : rounded);
  }
}

void StoreBFloat16(const float* key, const float* value, int head_dim, int slot,
                   uint8_t* head) {
  constexpr KvDType kType = KvDType::kBF16;
  uint16_t keys[kMaxHeadDim], values[kMaxHeadDim];
  RoundToBFloat16(key, head_dim, keys);
  RoundToBFloat16(value, head_dim, values);
  uint8_t* key_bytes = head + 2 * KvKeyIndex(kType, head_dim, slot, 0);
  for (int d = 0; d < head_dim;
       d += 2) {  // a pair of dimensions every 64 bytes
    std::memcpy(key_bytes + 32 * d, keys + d, 4);
  }
  uint8_t* value_bytes = head + KvValueOffset(kType, head_dim);
  for (int first = 0; first < head_dim; first += 16) {
    uint8_t* group =
        value_bytes + 2 * KvValueIndex(kType, head_dim, slot, first);
    for (int d = first; d < std::min(first + 16, head_dim); ++d) {
      std::memcpy(group + 4 * (d - first), values + d, 2);
    }
  }
}

// The tokens of slots `slot` (even) and slot + 1, whose elements are
// neighbours: a third of the time of one after the other.
struct TokenPair {
  const float* keys[2];
  const float* values[2];
};

void StoreBFloat16Pair(const TokenPair& pair, int head_dim, int slot,
                       uint8_t* head) {
  constexpr KvDType kType = KvDType::kBF16;
  uint16_t rounded[2][kMaxHeadDim];
  for (int i = 0; i < 2; ++i) {
    RoundToBFloat16(pair.keys[i], head_dim, rounded[i]);
  }
  uint8_t* key_bytes = head + 2 * KvKeyIndex(kType, head_dim, slot, 0);
  for (int d = 0; d < head_dim; d += 2) {
    std::memcpy(key_bytes + 32 * d, rounded[0] + d, 4);
    std::memcpy(key_bytes + 32 * d + 4, rounded[1] + d, 4);
  }
  for (int i = 0; i < 2; ++i) {
    RoundToBFloat16(pair.values[i], head_dim, rounded[i]);
  }
  uint8_t* value_bytes = head + KvValueOffset(kType, head_dim);
  for (int first = 0; first < head_dim; first += 16) {
    uint16_t both[32];
    const int width = std::min(16, head_dim - first);
    for (int d = 0; d < width; ++d) {
      both[2 * d] = rounded[0][first + d];
      both[2 * d + 1] = rounded[1][first + d];
    }
    std::memcpy(value_bytes + 2 * KvValueIndex(kType, head_dim, slot, first),
                both, 4 * width);
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
    const float size = std::fabs(values[i]);
    if (size > largest && std::isfinite(size)) largest = size;
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
  int slot = last_slot + 1;
  if (kv.dtype == KvDType::kBF16) {
    if (slot % 2 == 1) {
      StoreBFloat16(kZeros, kZeros, kv.head_dim, slot++, head);
    }
    for (; slot < kB; slot += 2) {
      StoreBFloat16Pair({{kZeros, kZeros}, {kZeros, kZeros}}, kv.head_dim, slot,
                        head);
    }
    return;
  }
  for (; slot < kB; ++slot) {
    StoreToken(kZeros, kZeros, kv.dtype, kv.head_dim, slot, head);
  }
}

// Clears what lies behind the sequence's last token, about to be stored in
// `slot`, if the pass began its block.
void PrepareLast(const AttentionSequence& sequence, int64_t position, int slot,
                 const KvLayer& kv, uint8_t* head) {
  if (slot == 0) {
    std::memset(head, 0, KvHeadBytes(kv.dtype, kv.head_dim));
  } else if (position - slot >= sequence.first_position) {
    ClearBehind(kv, slot, head);
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
    for (int64_t row = begin; row < end;) {
      const int64_t position =
          sequence.first_position + row - sequence.first_query;
      const int slot = static_cast<int>(position % kB);
      uint8_t* head = kv.head(sequence.block_table[position / kB], kv_head);
      const bool is_pair =
          kv.dtype == KvDType::kBF16 && slot % 2 == 0 && row + 1 < end;
      const int last = is_pair ? 1 : 0;
      if (row + last == last_row) {
        PrepareLast(sequence, position + last, slot + last, kv, head);
      }
      const float* key = keys + row * rows.row_stride;
      const float* value = values + row * rows.row_stride;
      if (is_pair) {
        StoreBFloat16Pair(
            {{key, key + rows.row_stride}, {value, value + rows.row_stride}},
            kv.head_dim, slot, head);
      } else {
        StoreToken(key, value, kv.dtype, kv.head_dim, slot, head);
      }
      row += 1 + last;
    }
  }
}

}  // namespace tessera::attention
