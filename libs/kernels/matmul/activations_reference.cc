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

void QuantizeBlock(const ActivationRow& row, int64_t b, uint8_t* block) {
  const Int8BlockLayout layout{row.tile_width};
  float max = 0;
  for (int i = 0; i < 32; ++i) {
    max = std::max(max, std::fabs(Column(row, 32 * b + i)));
  }
  const float inverse = max > 0 ? 127.0f / max : 0.0f;
  int32_t sums[2] = {0, 0};
  for (int i = 0; i < 32; ++i) {
    const int32_t q =
        static_cast<int32_t>(std::nearbyint(Column(row, 32 * b + i) * inverse));
    block[layout.q(row.token) + i] = static_cast<uint8_t>(q);
    sums[i / 16] += q;
  }
  const int32_t sum = sums[0] + sums[1];
  const float scale = max * (1.0f / 127.0f);
  Put(block + layout.scale(row.token), scale);
  Put(block + layout.scaled_sum(row.token), scale * static_cast<float>(sum));
  Put(block + layout.sum8(row.token), -8 * sum);
  Put(block + layout.sum128(row.token), -128 * sum);
  Put(block + layout.sum32(row.token), -32 * sums[0]);
  Put(block + layout.sum32(row.token) + 4, -32 * sums[1]);
}

void QuantizeRow(const ActivationRow& row) {
  const int block_bytes = Int8BlockLayout{row.tile_width}.bytes();
  for (int64_t b = row.first_block; b < row.end_block; ++b) {
    QuantizeBlock(row, b, row.tile + b * block_bytes);
  }
}

void RoundRow(const ActivationRow& row) {
  for (int64_t b = row.first_block; b < row.end_block; ++b) {
    uint8_t* block = row.tile + b * kBFloat16BlockBytes * row.tile_width;
    for (int i = 0; i < 32; ++i) {
      Put(block + 4 * (i / 2 * row.tile_width + row.token) + 2 * (i % 2),
          FloatToBFloat16(Column(row, 32 * b + i)));
    }
  }
}

}  // namespace

ActivationFunctions ReferenceActivationFunctions() {
  return {QuantizeRow, RoundRow};
}

}  // namespace tessera::kernels
