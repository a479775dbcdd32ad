#include <cmath>
#include <cstring>

#include "libs/kernels/attention/kv_layout.h"
#include "libs/kernels/attention/store_token.h"
#include "libs/tensor/float16.h"

namespace tessera::attention {
namespace {

uint16_t RoundToBFloat16(float value) {
  const uint16_t bits = FloatToBFloat16(value);
  return (bits & 0x7f80) == 0x7f80 ? 0 : bits;
}

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
  return {scale, scale > kSmallestInt8Scale ? 1 / scale : 0};
}

uint8_t Quantize(float value, const Int8Scale& scale) {
  const float steps = std::nearbyint(value * scale.inverse);
  if (!(std::fabs(steps) <= 127)) return 128;  // no number
  return static_cast<uint8_t>(steps + 128);
}

}  // namespace

void StoreTokenF32Reference(const float* key, const float* value, int head_dim,
                            int slot, uint8_t* head) {
  const int64_t bytes = int64_t{4} * head_dim;
  std::memcpy(head + slot * bytes, key, bytes);
  std::memcpy(head + KvValueOffset(KvDType::kF32, head_dim) + slot * bytes,
              value, bytes);
}

void StoreTokenBF16Reference(const float* key, const float* value, int head_dim,
                             int slot, uint8_t* head) {
  constexpr KvDType kType = KvDType::kBF16;
  uint8_t* values = head + KvValueOffset(kType, head_dim);
  for (int d = 0; d < head_dim; ++d) {
    const uint16_t k = RoundToBFloat16(key[d]);
    const uint16_t v = RoundToBFloat16(value[d]);
    std::memcpy(head + 2 * KvKeyIndex(kType, head_dim, slot, d), &k, 2);
    std::memcpy(values + 2 * KvValueIndex(kType, head_dim, slot, d), &v, 2);
  }
}

void StoreTokenI8Reference(const float* key, const float* value, int head_dim,
                           int slot, uint8_t* head) {
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

}  // namespace tessera::attention
