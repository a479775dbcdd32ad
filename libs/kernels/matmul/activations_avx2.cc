// Activations on AVX2: 32 columns are four registers.
#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "libs/kernels/matmul/tile.h"
#include "libs/kernels/matmul/tile_functions.h"

namespace tessera::kernels {
namespace {

// Columns of one block, zeros past the row's end.
inline void LoadBlock(const ActivationRow& row, int64_t block, __m256* x) {
  const float* input = row.input + 32 * block;
  const int64_t left = row.columns - 32 * block;
  alignas(32) float padded[32] = {};
  if (left < 32) {
    for (int64_t i = 0; i < left; ++i) padded[i] = input[i];
    input = padded;
  }
  for (int i = 0; i < 4; ++i) x[i] = _mm256_loadu_ps(input + 8 * i);
}

// The largest |x| of `count` registers.
inline float MaxAbs(const __m256* x, int count) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  __m256 max = _mm256_andnot_ps(sign, x[0]);
  for (int i = 1; i < count; ++i) {
    max = _mm256_max_ps(max, _mm256_andnot_ps(sign, x[i]));
  }
  __m128 four =
      _mm_max_ps(_mm256_castps256_ps128(max), _mm256_extractf128_ps(max, 1));
  four = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

// x in steps, `max` being `steps` of them.
inline void Quantize(const __m256* x, int count, float max, float steps,
                     __m256i* q) {
  const __m256 inverse =
      _mm256_set1_ps(max > kSmallestMax ? steps / max : 0.0f);
  for (int i = 0; i < count; ++i) {
    q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(x[i], inverse));
  }
}

inline int32_t Sum(__m256i x) {
  __m128i four =
      _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  four = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
  return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 1)));
}

inline void StoreInt(uint8_t* p, int32_t value) { std::memcpy(p, &value, 4); }

inline void StoreFloat(uint8_t* p, float value) { std::memcpy(p, &value, 4); }

// 16 integers as bytes, saturated.
inline void StoreBytes(uint8_t* p, __m256i low, __m256i high) {
  const __m256i words =
      _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
  const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words),
                                        _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
}

void QuantizeRow8(const ActivationRow& row) {
  const Int8BlockLayout layout{row.tile_width};
  const int t = row.token;
  for (int64_t b = 0; b < row.num_blocks; ++b) {
    uint8_t* block = row.tile + b * layout.bytes();
    __m256 x[4];
    LoadBlock(row, b, x);
    float scaled_sum = 0;
    for (int half = 0; half < 2; ++half) {
      const float max = MaxAbs(x + 2 * half, 2);
      __m256i q[2];
      Quantize(x + 2 * half, 2, max, kInt8Steps, q);
      StoreBytes(block + layout.q(t) + 16 * half, q[0], q[1]);
      const int32_t sum = Sum(_mm256_add_epi32(q[0], q[1]));
      const float scale = max * (1.0f / kInt8Steps);
      scaled_sum = __builtin_fmaf(scale, static_cast<float>(sum), scaled_sum);
      StoreFloat(block + layout.scale(t) + 4 * half, scale);
      StoreInt(block + layout.sum8(t) + 4 * half, -8 * sum);
      StoreInt(block + layout.sum128(t) + 4 * half, -128 * sum);
      StoreInt(block + layout.sum32(t) + 4 * half, -32 * sum);
    }
    StoreFloat(block + layout.scaled_sum(t), scaled_sum);
  }
}

float RowMaxAbs(const ActivationRow& row) {
  float max = 0;
  for (int64_t b = 0; b < row.num_blocks; ++b) {
    __m256 x[4];
    LoadBlock(row, b, x);
    const float of_block = MaxAbs(x, 4);
    max = max > of_block ? max : of_block;
  }
  return max;
}

void QuantizeRow12(const ActivationRow& row) {
  const Int12BlockLayout layout{row.tile_width};
  const int t = row.token;
  const float max = RowMaxAbs(row);
  const float scale = max * (1.0f / kInt12Steps);
  for (int64_t b = 0; b < row.num_blocks; ++b) {
    uint8_t* block = row.tile + b * layout.bytes();
    __m256 x[4];
    LoadBlock(row, b, x);
    __m256i q[4], high[4], low[4];
    Quantize(x, 4, max, kInt12Steps, q);
    for (int i = 0; i < 4; ++i) {
      high[i] = _mm256_srai_epi32(_mm256_add_epi32(q[i], _mm256_set1_epi32(8)),
                                  kPlaneBits);
      low[i] = _mm256_sub_epi32(q[i], _mm256_slli_epi32(high[i], kPlaneBits));
    }
    for (int half = 0; half < 2; ++half) {
      StoreBytes(block + layout.high(t) + 16 * half, high[2 * half],
                 high[2 * half + 1]);
      StoreBytes(block + layout.low(t) + 16 * half, low[2 * half],
                 low[2 * half + 1]);
    }
    const int32_t low_sum = Sum(_mm256_add_epi32(q[0], q[1]));
    const int32_t high_sum = Sum(_mm256_add_epi32(q[2], q[3]));
    const int32_t sum = low_sum + high_sum;
    StoreFloat(block + layout.scale(t), scale);
    StoreFloat(block + layout.scaled_sum(t), static_cast<float>(sum));
    StoreInt(block + layout.sum8(t), -8 * sum);
    StoreInt(block + layout.sum128(t), -128 * sum);
    StoreInt(block + layout.sum32(t), -32 * low_sum);
    StoreInt(block + layout.sum32(t) + 4, -32 * high_sum);
  }
}

void RoundRow(const ActivationRow& row) {
  for (int64_t b = 0; b < row.num_blocks; ++b) {
    uint8_t* block = row.tile + b * kBFloat16BlockBytes * row.tile_width;
    __m256 x[4];
    LoadBlock(row, b, x);
    alignas(32) uint32_t bits[32];
    for (int i = 0; i < 4; ++i) {
      const __m256i value = _mm256_castps_si256(x[i]);
      const __m256i odd =
          _mm256_and_si256(_mm256_srli_epi32(value, 16), _mm256_set1_epi32(1));
      const __m256i rounded = _mm256_add_epi32(
          value, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
      _mm256_store_si256(reinterpret_cast<__m256i*>(bits + 8 * i),
                         _mm256_srli_epi32(rounded, 16));
    }
    for (int i = 0; i < 16; ++i) {
      StoreInt(block + 4 * (i * row.tile_width + row.token),
               static_cast<int32_t>(bits[2 * i] | bits[2 * i + 1] << 16));
    }
  }
}

}  // namespace

ActivationFunctions Avx2ActivationFunctions() {
  return {QuantizeRow8, QuantizeRow12, RoundRow};
}

}  // namespace tessera::kernels
