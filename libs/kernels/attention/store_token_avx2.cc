#include <immintrin.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "libs/kernels/attention/store_token.h"

namespace tessera::attention {
namespace {

constexpr int kLanes = 8;

// To bf16, to the nearest, ties to even, 0 where that is not finite; 8 lanes of
// 16 bits.
__m128i RoundToBFloat16(__m256 x) {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i odd =
      _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_srli_epi32(
      _mm256_add_epi32(_mm256_add_epi32(bits, odd), _mm256_set1_epi32(0x7fff)),
      16);
  const __m256i exponent = _mm256_set1_epi32(0x7f80);
  const __m256i result = _mm256_andnot_si256(
      _mm256_cmpeq_epi32(_mm256_and_si256(rounded, exponent), exponent),
      rounded);
  return _mm_packus_epi32(_mm256_castsi256_si128(result),
                          _mm256_extracti128_si256(result, 1));
}

struct Int8Scale {
  float scale;
  float inverse;
};

__m256 Abs(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }

Int8Scale ScaleOf(const float* values, int n) {
  __m256 max = _mm256_setzero_ps();
  for (int d = 0; d < n; d += kLanes) {
    const __m256 size = Abs(_mm256_loadu_ps(values + d));
    const __m256 finite =
        _mm256_cmp_ps(size, _mm256_set1_ps(INFINITY), _CMP_LT_OQ);
    max = _mm256_max_ps(max, _mm256_and_ps(size, finite));
  }
  alignas(32) float lanes[kLanes];
  _mm256_store_ps(lanes, max);
  float largest = 0;
  for (const float lane : lanes) largest = lane > largest ? lane : largest;
  const float scale = largest / 127;
  return {scale, scale > kSmallestInt8Scale ? 1 / scale : 0};
}

// 8 values as biased bytes.
void Quantize(const float* values, const Int8Scale& scale, uint8_t* bytes) {
  const __m256 steps = _mm256_round_ps(
      _mm256_mul_ps(_mm256_loadu_ps(values), _mm256_set1_ps(scale.inverse)),
      _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m256 valid =
      _mm256_cmp_ps(Abs(steps), _mm256_set1_ps(127.0f), _CMP_LE_OQ);
  const __m256i biased = _mm256_add_epi32(
      _mm256_cvtps_epi32(_mm256_and_ps(steps, valid)), _mm256_set1_epi32(128));
  const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(biased),
                                         _mm256_extracti128_si256(biased, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(bytes),
                   _mm_packus_epi16(words, words));
}

}  // namespace

void StoreTokenBF16Avx2(const float* key, const float* value, int head_dim,
                        int slot, uint8_t* head) {
  // [B/16][D/2][16][2]
  uint8_t* keys = head + slot / 16 * 32 * head_dim + slot % 16 * 4;
  // [D/16][B/2][16][2]
  uint8_t* values = head + 64 * head_dim + slot / 2 * 64 + slot % 2 * 2;
  for (int d = 0; d < head_dim; d += kLanes) {
    alignas(16) uint16_t rounded[kLanes];
    _mm_store_si128(reinterpret_cast<__m128i*>(rounded),
                    RoundToBFloat16(_mm256_loadu_ps(key + d)));
    for (int i = 0; i < kLanes; i += 2) {
      std::memcpy(keys + 32 * (d + i), &rounded[i], 4);
    }
    _mm_store_si128(reinterpret_cast<__m128i*>(rounded),
                    RoundToBFloat16(_mm256_loadu_ps(value + d)));
    uint8_t* slice = values + d / 16 * 32 * kKvBlockTokens + d % 16 * 4;
    for (int i = 0; i < kLanes; ++i) std::memcpy(slice + 4 * i, &rounded[i], 2);
  }
}

void StoreTokenI8Avx2(const float* key, const float* value, int head_dim,
                      int slot, uint8_t* head) {
  const Int8Scale key_scale = ScaleOf(key, head_dim);
  const Int8Scale value_scale = ScaleOf(value, head_dim);
  // [B/16][D/4][16][4], then [B] scales
  uint8_t* keys = head + slot / 16 * 16 * head_dim + slot % 16 * 4;
  uint8_t* key_scales = head + kKvBlockTokens * head_dim;
  // [D/16][B/4][16][4], then [B] scales
  uint8_t* values = key_scales + 4 * kKvBlockTokens;
  uint8_t* value_scales = values + kKvBlockTokens * head_dim;
  for (int d = 0; d < head_dim; d += kLanes) {
    uint8_t bytes[kLanes];
    Quantize(key + d, key_scale, bytes);
    std::memcpy(keys + 16 * d, bytes, 4);
    std::memcpy(keys + 16 * (d + 4), bytes + 4, 4);
    Quantize(value + d, value_scale, bytes);
    uint8_t* slice = values + d / 16 * 16 * kKvBlockTokens + slot / 4 * 64 +
                     d % 16 * 4 + slot % 4;
    for (int i = 0; i < kLanes; ++i) slice[4 * i] = bytes[i];
  }
  std::memcpy(key_scales + 4 * slot, &key_scale.scale, 4);
  std::memcpy(value_scales + 4 * slot, &value_scale.scale, 4);
}

}  // namespace tessera::attention
