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

// The largest |x| of a block. Halving by hand: the compiler's reduction moves
// more.
inline float MaxAbs(const Columns& x) {
  const __m512 max = _mm512_max_ps(_mm512_abs_ps(x.low), _mm512_abs_ps(x.high));
  __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(max),
                               _mm512_extractf32x8_ps(max, 1));
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight),
                           _mm256_extractf128_ps(eight, 1));
  four = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

// Lane 0: the sum of the first 16 bytes; lane 4: of the last 16.
inline __m256i SumHalves(__m256i q) {
  __m256i sums =
      _mm256_dpbusd_epi32(_mm256_setzero_si256(), _mm256_set1_epi8(1), q);
  sums = _mm256_add_epi32(sums, _mm256_shuffle_epi32(sums, 0x4e));
  return _mm256_add_epi32(sums, _mm256_shuffle_epi32(sums, 0xb1));
}

void QuantizeRow(const ActivationRow& row) {
  const Int8BlockLayout layout{row.tile_width};
  uint8_t* block = row.tile + row.first_block * layout.bytes();
  for (int64_t b = row.first_block; b < row.end_block; ++b) {
    const Columns x = LoadBlock(row, b);
    const float max = MaxAbs(x);
    const __m512 inverse = _mm512_set1_ps(max > 0 ? 127.0f / max : 0.0f);
    const __m256i q = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm512_cvtsepi32_epi8(
            _mm512_cvtps_epi32(_mm512_mul_ps(x.low, inverse)))),
        _mm512_cvtsepi32_epi8(
            _mm512_cvtps_epi32(_mm512_mul_ps(x.high, inverse))),
        1);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(block + layout.q(row.token)),
                        q);
    const __m256i sums = SumHalves(q);
    const int32_t low_sum = _mm256_extract_epi32(sums, 0);
    const int32_t high_sum = _mm256_extract_epi32(sums, 4);
    const int32_t sum = low_sum + high_sum;
    const float scale = max * (1.0f / 127.0f);
    StoreFloat(block + layout.scale(row.token), scale);
    StoreFloat(block + layout.scaled_sum(row.token),
               scale * static_cast<float>(sum));
    StoreInt(block + layout.sum8(row.token), -8 * sum);
    StoreInt(block + layout.sum128(row.token), -128 * sum);
    StoreInt(block + layout.sum32(row.token), -32 * low_sum);
    StoreInt(block + layout.sum32(row.token) + 4, -32 * high_sum);
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
  return {QuantizeRow, RoundRow};
}

}  // namespace tessera::kernels
