#include <immintrin.h>

#include "libs/device/probes_loops.h"

namespace tessera::device {
namespace {

// 24 chains: more than latency (4 to 6 cycles) times throughput.
constexpr int kChains = 24;

float Sum(const __m512* chains) {
  __m512 sum = _mm512_setzero_ps();
  for (int i = 0; i < kChains; ++i) sum = _mm512_add_ps(sum, chains[i]);
  alignas(64) float lanes[16];
  _mm512_store_ps(lanes, sum);
  return lanes[0] + lanes[15];
}

}  // namespace

uint64_t ReadAllAvx512(const uint8_t* data, int64_t num_bytes) {
  __m512i sums[4] = {};
  for (int64_t i = 0; i < num_bytes; i += 256) {
    for (int j = 0; j < 4; ++j) {
      sums[j] = _mm512_add_epi64(sums[j],
                                 _mm512_load_si512(data + i + int64_t{64} * j));
    }
  }
  alignas(64) uint64_t lanes[8];
  _mm512_store_si512(lanes,
                     _mm512_add_epi64(_mm512_add_epi64(sums[0], sums[1]),
                                      _mm512_add_epi64(sums[2], sums[3])));
  uint64_t sum = 0;
  for (const uint64_t lane : lanes) sum += lane;
  return sum;
}

float LoopF32Avx512(int64_t num_steps) {
  __m512 chains[kChains];
  for (int i = 0; i < kChains; ++i) chains[i] = _mm512_set1_ps(1.0f + i);
  const __m512 factor = _mm512_set1_ps(0.5f);
  for (int64_t step = 0; step < num_steps; ++step) {
#pragma GCC unroll 24
    for (int i = 0; i < kChains; ++i) {
      chains[i] = _mm512_fmadd_ps(chains[i], factor, factor);
    }
  }
  return Sum(chains);
}

float LoopBF16Avx512(int64_t num_steps) {
  __m512 chains[kChains];
  for (int i = 0; i < kChains; ++i) chains[i] = _mm512_set1_ps(1.0f + i);
  const __m512bh factor =
      reinterpret_cast<__m512bh>(_mm512_set1_epi16(0x3f00));  // 0.5
  for (int64_t step = 0; step < num_steps; ++step) {
#pragma GCC unroll 24
    for (int i = 0; i < kChains; ++i) {
      chains[i] = _mm512_dpbf16_ps(chains[i], factor, factor);
    }
  }
  return Sum(chains);
}

float LoopI8Avx512(int64_t num_steps) {
  __m512i chains[kChains];
  for (int i = 0; i < kChains; ++i) chains[i] = _mm512_set1_epi32(i);
  __m512i factor = _mm512_set1_epi8(3);
  for (int64_t step = 0; step < num_steps; ++step) {
#pragma GCC unroll 24
    for (int i = 0; i < kChains; ++i) {
      chains[i] = _mm512_dpbusd_epi32(chains[i], factor, factor);
    }
  }
  __m512 floats[kChains];
  for (int i = 0; i < kChains; ++i) floats[i] = _mm512_castsi512_ps(chains[i]);
  return Sum(floats);
}

}  // namespace tessera::device
