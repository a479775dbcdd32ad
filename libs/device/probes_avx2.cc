#include <immintrin.h>

#include "libs/device/probes_loops.h"

namespace tessera::device {
namespace {

constexpr int kF32Chains = 12;
constexpr int kI8Chains = 8;

}  // namespace

uint64_t ReadAllAvx2(const uint8_t* data, int64_t num_bytes) {
  __m256i sums[4] = {};
  for (int64_t i = 0; i < num_bytes; i += 128) {
    for (int j = 0; j < 4; ++j) {
      sums[j] = _mm256_add_epi64(
          sums[j], _mm256_load_si256(reinterpret_cast<const __m256i*>(
                       data + i + int64_t{32} * j)));
    }
  }
  const __m256i sum = _mm256_add_epi64(_mm256_add_epi64(sums[0], sums[1]),
                                       _mm256_add_epi64(sums[2], sums[3]));
  alignas(32) uint64_t lanes[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sum);
  return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

float LoopF32Avx2(int64_t num_steps) {
  __m256 chains[kF32Chains];
  for (int i = 0; i < kF32Chains; ++i) chains[i] = _mm256_set1_ps(1.0f + i);
  const __m256 factor = _mm256_set1_ps(0.5f);
  for (int64_t step = 0; step < num_steps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kF32Chains; ++i) {
      chains[i] = _mm256_fmadd_ps(chains[i], factor, factor);
    }
  }
  __m256 sum = _mm256_setzero_ps();
  for (int i = 0; i < kF32Chains; ++i) sum = _mm256_add_ps(sum, chains[i]);
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, sum);
  return lanes[0] + lanes[7];
}

float LoopI8Avx2(int64_t num_steps) {
  __m256i chains[kI8Chains];
  for (int i = 0; i < kI8Chains; ++i) chains[i] = _mm256_set1_epi32(i + 1);
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i weights = _mm256_set1_epi8(3);
  for (int64_t step = 0; step < num_steps; ++step) {
#pragma GCC unroll 8
    for (int i = 0; i < kI8Chains; ++i) {
      // The chain is an operand of the product, so that none is hoisted.
      const __m256i pairs = _mm256_maddubs_epi16(weights, chains[i]);
      chains[i] = _mm256_add_epi32(chains[i], _mm256_madd_epi16(pairs, ones));
    }
  }
  __m256i sum = _mm256_setzero_si256();
  for (int i = 0; i < kI8Chains; ++i) sum = _mm256_add_epi32(sum, chains[i]);
  alignas(32) int32_t lanes[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sum);
  return static_cast<float>(lanes[0]) + static_cast<float>(lanes[7]);
}

}  // namespace tessera::device
