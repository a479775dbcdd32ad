// Activations in plain loops: what every other version is tested to equal.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "libs/kernels/matmul/tile.h"
#include "libs/kernels/matmul/tile_functions.h"
#include "libs/tensor/float16.h"

namespace tessera::kernels {
namespace {

float Column(const ActivationRow& row, int64_t column) {
  return column < row.columns ? row.input[column] : 0.0f;
}

template <typename T>
void Put(uint8_t* p, T value) {
  std::memcpy(p, &value, sizeof(value));
}

// max|x| of columns [first, first + count).
float MaxAbs(const ActivationRow& row, int64_t first, int count) {
  float max = 0;
  for (int i = 0; i < count; ++i) {
    max = std::max(max, std::fabs(Column(row, first + i)));
  }
  return max;
}

// Column `column` in steps, `max` being `steps` of them.
int32_t Quantize(const ActivationRow& row, int64_t column, float max,
                 float steps) {
  const float inverse = max > kSmallestMax ? steps / max : 0.0f;
  return static_cast<int32_t>(std::nearbyint(Column(row, column) * inverse));
}

void QuantizeBlock8(const ActivationRow& row, int64_t b, uint8_t* block) {
  const Int8BlockLayout layout{row.tile_width};
  const int t = row.token;
  float scaled_sum = 0;
  for (int half = 0; half < 2; ++half) {
    const int64_t first = 32 * b + 16 * half;
    const float max = MaxAbs(row, first, 16);
    int32_t sum = 0;
    for (int i = 0; i < 16; ++i) {
      const int32_t q = Quantize(row, first + i, max, kInt8Steps);
      block[layout.q(t) + 16 * half + i] = static_cast<uint8_t>(q);
      sum += q;
    }
    const float scale = max * (1.0f / kInt8Steps);
    scaled_sum = std::fma(scale, static_cast<float>(sum), scaled_sum);
    Put(block + layout.scale(t) + 4 * half, scale);
    Put(block + layout.sum8(t) + 4 * half, -8 * sum);
    Put(block + layout.sum128(t) + 4 * half, -128 * sum);
    Put(block + layout.sum32(t) + 4 * half, -32 * sum);
  }
  Put(block + layout.scaled_sum(t), scaled_sum);
}

void QuantizeBlock12(const ActivationRow& row, int64_t b, uint8_t* block) {
  const Int12BlockLayout layout{row.tile_width};
  const int t = row.token;
  const float max = MaxAbs(row, 0, row.columns);
  int32_t sums[2] = {0, 0};
  for (int i = 0; i < 32; ++i) {
    const int32_t q = Quantize(row, 32 * b + i, max, kInt12Steps);
    const int32_t high = (q + 8) >> kPlaneBits;
    block[layout.high(t) + i] = static_cast<uint8_t>(high);
    block[layout.low(t) + i] = static_cast<uint8_t>(q - 16 * high);
    sums[i / 16] += q;
  }
  const int32_t sum = sums[0] + sums[1];
  Put(block + layout.scale(t), max * (1.0f / kInt12Steps));
  Put(block + layout.scaled_sum(t), static_cast<float>(sum));
  Put(block + layout.sum8(t), -8 * sum);
  Put(block + layout.sum128(t), -128 * sum);
  Put(block + layout.sum32(t), -32 * sums[0]);
  Put(block + layout.sum32(t) + 4, -32 * sums[1]);
}

template <class Layout,
          void (*kQuantize)(const ActivationRow&, int64_t, uint8_t*)>
void QuantizeRow(const ActivationRow& row) {
  const int block_bytes = Layout{row.tile_width}.bytes();
  for (int64_t b = 0; b < row.num_blocks; ++b) {
    kQuantize(row, b, row.tile + b * block_bytes);
  }
}

void RoundRow(const ActivationRow& row) {
  for (int64_t b = 0; b < row.num_blocks; ++b) {
    uint8_t* block = row.tile + b * kBFloat16BlockBytes * row.tile_width;
    for (int i = 0; i < 32; ++i) {
      Put(block + 4 * (i / 2 * row.tile_width + row.token) + 2 * (i % 2),
          FloatToBFloat16(Column(row, 32 * b + i)));
    }
  }
}

}  // namespace

ActivationFunctions ReferenceActivationFunctions() {
  return {QuantizeRow<Int8BlockLayout, QuantizeBlock8>,
          QuantizeRow<Int12BlockLayout, QuantizeBlock12>, RoundRow};
}

}  // namespace tessera::kernels
