#include <immintrin.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "libs/kernels/attention/store_token.h"

namespace tessera::attention {
namespace {

constexpr int kLanes = 16;

// To bf16, to the nearest, ties to even, 0 where that is not finite. By
// integers: vcvtneps2bf16 flushes subnormals, and the reference does not.
__m512i RoundToBFloat16(__m512 x) {
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i odd =
      _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_srli_epi32(
      _mm512_add_epi32(_mm512_add_epi32(bits, odd), _mm512_set1_epi32(0x7fff)),
      16);
  const __m512i exponent = _mm512_set1_epi32(0x7f80);
  return _mm512_maskz_mov_epi32(
      _mm512_cmpneq_epi32_mask(_mm512_and_si512(rounded, exponent), exponent),
      rounded);
}

// The row's scale, and its inverse or 0.
struct Int8Scale {
  float scale;
  float inverse;
};

Int8Scale ScaleOf(const float* values, int n) {
  __m512 max = _mm512_setzero_ps();
  for (int d = 0; d < n; d += kLanes) {
    const __m512 size = _mm512_abs_ps(_mm512_loadu_ps(values + d));
    max = _mm512_mask_max_ps(
        max, _mm512_cmp_ps_mask(size, _mm512_set1_ps(INFINITY), _CMP_LT_OQ),
        max, size);
  }
  const float scale = _mm512_reduce_max_ps(max) / 127;
  return {scale, scale > kSmallestInt8Scale ? 1 / scale : 0};
}

// 16 values as biased bytes, one a lane.
__m512i Quantize(const float* values, const Int8Scale& scale) {
  const __m512 steps = _mm512_roundscale_ps(
      _mm512_mul_ps(_mm512_loadu_ps(values), _mm512_set1_ps(scale.inverse)),
      _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __mmask16 valid = _mm512_cmp_ps_mask(
      _mm512_abs_ps(steps), _mm512_set1_ps(127.0f), _CMP_LE_OQ);
  return _mm512_add_epi32(_mm512_maskz_cvtps_epi32(valid, steps),
                          _mm512_set1_epi32(128));
}

}  // namespace

void StoreTokenBF16Avx512(const float* key, const float* value, int head_dim,
                          int slot, uint8_t* head) {
  // [B/16][D/2][16][2]
  uint8_t* keys = head + slot / 16 * 32 * head_dim + slot % 16 * 4;
  // [D/16][B/2][16][2]
  uint8_t* values = head + 64 * head_dim + slot / 2 * 64;
  const __mmask32 half = slot % 2 == 0 ? 0x55555555 : 0xaaaaaaaa;
  for (int d = 0; d < head_dim; d += kLanes) {
    alignas(32) uint32_t pairs[kLanes / 2];
    _mm256_store_si256(
        reinterpret_cast<__m256i*>(pairs),
        _mm512_cvtepi32_epi16(RoundToBFloat16(_mm512_loadu_ps(key + d))));
    for (int i = 0; i < kLanes / 2; ++i) {
      std::memcpy(keys + 64 * (d / 2 + i), &pairs[i], 4);
    }
    const __m512i rounded = RoundToBFloat16(_mm512_loadu_ps(value + d));
    _mm512_mask_storeu_epi16(
        values + d / 16 * 64 * kKvBlockTokens / 2, half,
        _mm512_or_si512(rounded, _mm512_slli_epi32(rounded, 16)));
  }
}

void StoreTokenI8Avx512(const float* key, const float* value, int head_dim,
                        int slot, uint8_t* head) {
  const Int8Scale key_scale = ScaleOf(key, head_dim);
  const Int8Scale value_scale = ScaleOf(value, head_dim);
  // [B/16][D/4][16][4], then [B] scales
  uint8_t* keys = head + slot / 16 * 16 * head_dim + slot % 16 * 4;
  uint8_t* key_scales = head + kKvBlockTokens * head_dim;
  // [D/16][B/4][16][4], then [B] scales
  uint8_t* values = key_scales + 4 * kKvBlockTokens;
  uint8_t* value_scales = values + kKvBlockTokens * head_dim;
  const __mmask64 quarter = uint64_t{0x1111111111111111} << slot % 4;
  for (int d = 0; d < head_dim; d += kLanes) {
    alignas(16) uint32_t quads[kLanes / 4];
    _mm_store_si128(reinterpret_cast<__m128i*>(quads),
                    _mm512_cvtepi32_epi8(Quantize(key + d, key_scale)));
    for (int i = 0; i < kLanes / 4; ++i) {
      std::memcpy(keys + 64 * (d / 4 + i), &quads[i], 4);
    }
    _mm512_mask_storeu_epi8(
        values + d / 16 * 64 * kKvBlockTokens / 4 + slot / 4 * 64, quarter,
        _mm512_sllv_epi32(Quantize(value + d, value_scale),
                          _mm512_set1_epi32(slot % 4 * 8)));
  }
  std::memcpy(key_scales + 4 * slot, &key_scale.scale, 4);
  std::memcpy(value_scales + 4 * slot, &value_scale.scale, 4);
}

}  // namespace tessera::attention
