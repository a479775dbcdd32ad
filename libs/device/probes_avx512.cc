#include <immintrin.h>

#include "libs/device/probes_loops.h"

namespace tessera::device {
namespace {

// Steps of 12 chains, as many as the latency (4 to 6 cycles) of two
// instructions a cycle. In assembly: GCC 12 keeps the chains of a loop over an
// array in memory, and the probe then reads half of what the processor can do.
#define TESSERA_STEPS(instruction)                                      \
  for (int64_t step = 0; step < num_steps; ++step) {                    \
    asm volatile(instruction " %%zmm19, %%zmm19, %%zmm20\n" instruction \
                             " %%zmm19, %%zmm19, %%zmm21\n" instruction \
                             " %%zmm19, %%zmm19, %%zmm22\n" instruction \
                             " %%zmm19, %%zmm19, %%zmm23\n" instruction \
                             " %%zmm19, %%zmm19, %%zmm24\n" instruction \
                             " %%zmm19, %%zmm19, %%zmm25\n" instruction \
                             " %%zmm19, %%zmm19, %%zmm26\n" instruction \
                             " %%zmm19, %%zmm19, %%zmm27\n" instruction \
                             " %%zmm19, %%zmm19, %%zmm28\n" instruction \
                             " %%zmm19, %%zmm19, %%zmm29\n" instruction \
                             " %%zmm19, %%zmm19, %%zmm30\n" instruction \
                             " %%zmm19, %%zmm19, %%zmm31\n" ::          \
                                 : "xmm19", "xmm20", "xmm21", "xmm22",  \
                                   "xmm23", "xmm24", "xmm25", "xmm26",  \
                                   "xmm27", "xmm28", "xmm29", "xmm30",  \
                                   "xmm31");                            \
  }

// Zeros in every register: their values do not change an instruction's time.
inline void ClearChains() {
  asm volatile(
      "vpxord %%zmm19, %%zmm19, %%zmm19\nvpxord %%zmm20, %%zmm20, %%zmm20\n"
      "vpxord %%zmm21, %%zmm21, %%zmm21\nvpxord %%zmm22, %%zmm22, %%zmm22\n"
      "vpxord %%zmm23, %%zmm23, %%zmm23\nvpxord %%zmm24, %%zmm24, %%zmm24\n"
      "vpxord %%zmm25, %%zmm25, %%zmm25\nvpxord %%zmm26, %%zmm26, %%zmm26\n"
      "vpxord %%zmm27, %%zmm27, %%zmm27\nvpxord %%zmm28, %%zmm28, %%zmm28\n"
      "vpxord %%zmm29, %%zmm29, %%zmm29\nvpxord %%zmm30, %%zmm30, %%zmm30\n"
      "vpxord %%zmm31, %%zmm31, %%zmm31\n" ::
          : "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",
            "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
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
  ClearChains();
  TESSERA_STEPS("vfmadd213ps")
  return 0;
}

float LoopBF16Avx512(int64_t num_steps) {
  ClearChains();
  TESSERA_STEPS("vdpbf16ps")
  return 0;
}

float LoopI8Avx512(int64_t num_steps) {
  ClearChains();
  TESSERA_STEPS("vpdpbusd")
  return 0;
}

}  // namespace tessera::device
