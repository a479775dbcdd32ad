// Activations on AVX-512: 32 columns are two registers.
#include <immintrin.h>

#include <cstdint>

#include "libs/kernels/matmul/tile.h"
#include "libs/kernels/matmul/tile_functions.h"

namespace tessera::kernels {
namespace {

struct Columns {
  __m512 low, high;
};

// Columns of one block, zeros past the row's end.
inline Columns LoadBlock(const ActivationRow& row, int64_t block) {
  const float* x = row.input + 32 * block;
  const int64_t left = row.columns - 32 * block;
  if (left >= 32) return {_mm512_loadu_ps(x), _mm512_loadu_ps(x + 16)};
  if (left <= 0) return {_mm512_setzero_ps(), _mm512_setzero_ps()};
  const uint32_t lanes = (uint32_t{1} << left) - 1;
  return {_mm512_maskz_loadu_ps(static_cast<__mmask16>(lanes), x),
          _mm512_maskz_loadu_ps(static_cast<__mmask16>(lanes >> 16), x + 16)};
}

inline void StoreInt(uint8_t* p, int32_t value) {
  *reinterpret_cast<int32_t*>(p) = value;
}

inline void StoreFloat(uint8_t* p, float value) {
  *reinterpret_cast<float*>(p) = value;
}

void QuantizeRow(const ActivationRow& row) {
  const Int8BlockLayout layout{row.tile_width};
  for (int64_t b = row.first_block; b < row.end_block; ++b) {
    uint8_t* block = row.tile + b * layout.bytes();
    const Columns x = LoadBlock(row, b);
    const float max = _mm512_reduce_max_ps(
        _mm512_max_ps(_mm512_abs_ps(x.low), _mm512_abs_ps(x.high)));
    const __m512 inverse = _mm512_set1_ps(max > 0 ? 127.0f / max : 0.0f);
    const __m512i low = _mm512_cvtps_epi32(_mm512_mul_ps(x.low, inverse));
    const __m512i high = _mm512_cvtps_epi32(_mm512_mul_ps(x.high, inverse));
    __m128i* q = reinterpret_cast<__m128i*>(block + layout.q(row.token));
    _mm_storeu_si128(q, _mm512_cvtsepi32_epi8(low));
    _mm_storeu_si128(q + 1, _mm512_cvtsepi32_epi8(high));
    const int32_t low_sum = _mm512_reduce_add_epi32(low);
    const int32_t high_sum = _mm512_reduce_add_epi32(high);
    const int32_t sum = low_sum + high_sum;
    const float scale = max / 127.0f;
    StoreFloat(block + layout.scale(row.token), scale);
    StoreFloat(block + layout.scaled_sum(row.token),
               scale * static_cast<float>(sum));
    StoreInt(block + layout.sum8(row.token), -8 * sum);
    StoreInt(block + layout.sum128(row.token), -128 * sum);
    StoreInt(block + layout.sum32(row.token), -32 * low_sum);
    StoreInt(block + layout.sum32(row.token) + 4, -32 * high_sum);
  }
}

void RoundRow(const ActivationRow& row) {
  for (int64_t b = row.first_block; b < row.end_block; ++b) {
    uint8_t* block = row.tile + b * kBFloat16BlockBytes * row.tile_width;
    const Columns x = LoadBlock(row, b);
    alignas(64) uint32_t pairs[16];
    _mm512_store_si512(
        pairs, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(x.high, x.low)));
    for (int i = 0; i < 16; ++i) {
      StoreInt(block + 4 * (i * row.tile_width + row.token),
               static_cast<int32_t>(pairs[i]));
    }
  }
}

}  // namespace

ActivationFunctions Avx512ActivationFunctions() {
  return {QuantizeRow, RoundRow};
}

}  // namespace tessera::kernels
