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

// The largest |x|. Halving by hand: the compiler's reduction moves more.
inline float MaxAbs(__m512 x) {
  const __m512 max = _mm512_abs_ps(x);
  __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(max),
                               _mm512_extractf32x8_ps(max, 1));
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight),
                           _mm256_extractf128_ps(eight, 1));
  four = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

// x in steps, `max` being `steps` of them.
inline __m512i Quantize(__m512 x, float max, float steps) {
  const float inverse = max > kSmallestMax ? steps / max : 0.0f;
  return _mm512_cvtps_epi32(_mm512_mul_ps(x, _mm512_set1_ps(inverse)));
}

inline void StoreBytes(uint8_t* p, __m512i q) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(q));
}

void QuantizeRow8(const ActivationRow& row) {
  const Int8BlockLayout layout{row.tile_width};
  const int t = row.token;
  uint8_t* block = row.tile + row.first_block * layout.bytes();
  for (int64_t b = row.first_block; b < row.end_block; ++b) {
    const Columns x = LoadBlock(row, b);
    const __m512 halves[2] = {x.low, x.high};
    float scaled_sum = 0;
    for (int half = 0; half < 2; ++half) {
      const float max = MaxAbs(halves[half]);
      const __m512i q = Quantize(halves[half], max, kInt8Steps);
      StoreBytes(block + layout.q(t) + 16 * half, q);
      const int32_t sum = _mm512_reduce_add_epi32(q);
      const float scale = max * (1.0f / kInt8Steps);
      scaled_sum = __builtin_fmaf(scale, static_cast<float>(sum), scaled_sum);
      StoreFloat(block + layout.scale(t) + 4 * half, scale);
      StoreInt(block + layout.sum8(t) + 4 * half, -8 * sum);
      StoreInt(block + layout.sum128(t) + 4 * half, -128 * sum);
      StoreInt(block + layout.sum32(t) + 4 * half, -32 * sum);
    }
    StoreFloat(block + layout.scaled_sum(t), scaled_sum);
    block += layout.bytes();
  }
}

void QuantizeRow12(const ActivationRow& row) {
  const Int12BlockLayout layout{row.tile_width};
  const int t = row.token;
  uint8_t* block = row.tile + row.first_block * layout.bytes();
  for (int64_t b = row.first_block; b < row.end_block; ++b) {
    const Columns x = LoadBlock(row, b);
    const float max =
        MaxAbs(_mm512_max_ps(_mm512_abs_ps(x.low), _mm512_abs_ps(x.high)));
    const __m512 halves[2] = {x.low, x.high};
    int32_t sums[2];
    for (int half = 0; half < 2; ++half) {
      const __m512i q = Quantize(halves[half], max, kInt12Steps);
      const __m512i high = _mm512_srai_epi32(
          _mm512_add_epi32(q, _mm512_set1_epi32(8)), kPlaneBits);
      StoreBytes(block + layout.high(t) + 16 * half, high);
      StoreBytes(block + layout.low(t) + 16 * half,
                 _mm512_sub_epi32(q, _mm512_slli_epi32(high, kPlaneBits)));
      sums[half] = _mm512_reduce_add_epi32(q);
    }
    const int32_t sum = sums[0] + sums[1];
    const float scale = max * (1.0f / kInt12Steps);
    StoreFloat(block + layout.scale(t), scale);
    StoreFloat(block + layout.scaled_sum(t), scale * static_cast<float>(sum));
    StoreInt(block + layout.sum8(t), -8 * sum);
    StoreInt(block + layout.sum128(t), -128 * sum);
    StoreInt(block + layout.sum32(t), -32 * sums[0]);
    StoreInt(block + layout.sum32(t) + 4, -32 * sums[1]);
    block += layout.bytes();
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
  return {QuantizeRow8, QuantizeRow12, RoundRow};
}

}  // namespace tessera::kernels
