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
  uint8_t* block = row.tile;
  for (int64_t b = 0; b < row.num_blocks; ++b) {
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

// Four blocks at once, so that their maxima and sums are reduced together: one
// by one, a block took 15 ns instead of 4.
constexpr int kTogether = 4;

// 32 integers of 16 bits, columns 4 i to 4 i + 3 and 16 + 4 i to 16 + 4 i + 3
// in lane i, as 32 bytes of high planes and 32 of low ones.
inline __m512i Planes(__m512i q) {
  const __m512i high =
      _mm512_srai_epi16(_mm512_add_epi16(q, _mm512_set1_epi16(8)), kPlaneBits);
  const __m512i low = _mm512_sub_epi16(q, _mm512_slli_epi16(high, kPlaneBits));
  const __m512i order =
      _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, _mm512_packs_epi16(high, low));
}

// The sums of the integers of columns 0 to 15 (elements 0 and 1) and 16 to 31.
inline __m128i HalfSums(__m512i q) {
  const __m512i pairs = _mm512_madd_epi16(q, _mm512_set1_epi16(1));
  const __m256i two = _mm256_add_epi32(_mm512_castsi512_si256(pairs),
                                       _mm512_extracti64x4_epi64(pairs, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(two),
                       _mm256_extracti128_si256(two, 1));
}

void QuantizeFour(const ActivationRow& row, int64_t first, int64_t count,
                  __m512 inverse) {
  const Int12BlockLayout layout{row.tile_width};
  uint8_t* block = row.tile + first * layout.bytes();
  alignas(16) float scaled_sum[kTogether];
  alignas(16) int32_t halves[2 * kTogether], sums[kTogether];
  __m512i q[kTogether];
  for (int i = 0; i < kTogether; ++i) {
    const Columns x = LoadBlock(row, first + i);  // zeros past the row's end
    q[i] =
        _mm512_packs_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(x.low, inverse)),
                           _mm512_cvtps_epi32(_mm512_mul_ps(x.high, inverse)));
  }
  const __m128i half01 = _mm_hadd_epi32(HalfSums(q[0]), HalfSums(q[1]));
  const __m128i half23 = _mm_hadd_epi32(HalfSums(q[2]), HalfSums(q[3]));
  const __m128i sum = _mm_hadd_epi32(half01, half23);
  _mm_store_si128(reinterpret_cast<__m128i*>(halves), half01);
  _mm_store_si128(reinterpret_cast<__m128i*>(halves + kTogether), half23);
  _mm_store_si128(reinterpret_cast<__m128i*>(sums), sum);
  _mm_store_ps(scaled_sum, _mm_cvtepi32_ps(sum));
  const int t = row.token;
  for (int i = 0; i < count; ++i) {
    _mm512_storeu_si512(block + layout.high(t), Planes(q[i]));
    StoreFloat(block + layout.scaled_sum(t), scaled_sum[i]);
    if (row.tile_width < 16) {  // AMX's weights are signed
      StoreInt(block + layout.sum8(t), -8 * sums[i]);
      StoreInt(block + layout.sum128(t), -128 * sums[i]);
      StoreInt(block + layout.sum32(t), -32 * halves[2 * i]);
      StoreInt(block + layout.sum32(t) + 4, -32 * halves[2 * i + 1]);
    }
    block += layout.bytes();
  }
}

float RowMaxAbs(const ActivationRow& row) {
  __m512 max = _mm512_setzero_ps();
  for (int64_t b = 0; b < row.num_blocks; ++b) {
    const Columns x = LoadBlock(row, b);
    max = _mm512_max_ps(max, _mm512_abs_ps(x.low));
    max = _mm512_max_ps(max, _mm512_abs_ps(x.high));
  }
  return MaxAbs(max);
}

void QuantizeRow12(const ActivationRow& row) {
  const float max = RowMaxAbs(row);
  const float inverse = max > kSmallestMax ? kInt12Steps / max : 0.0f;
  for (int64_t b = 0; b < row.num_blocks; b += kTogether) {
    const int64_t left = row.num_blocks - b;
    QuantizeFour(row, b, left < kTogether ? left : kTogether,
                 _mm512_set1_ps(inverse));
  }
  StoreFloat(row.tile + Int12BlockLayout{row.tile_width}.scale(row.token),
             max * (1.0f / kInt12Steps));
}

void RoundRow(const ActivationRow& row) {
  for (int64_t b = 0; b < row.num_blocks; ++b) {
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
