// How the kernels of AVX-512 end: a panel's 16 outputs of one token.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "libs/kernels/matmul/tile.h"

namespace tessera::kernels {
namespace {

// Of T tokens from `token` on the first num_tokens. All of one kind of memory
// access at a time, nothing decided in between: token by token, this took a
// sixth of an AMX tile's time.
template <int T>
inline void Store(const TileArguments& arguments, int64_t panel, int64_t token,
                  int64_t num_tokens, __m512* values) {
  const int64_t row = 16 * panel;
  const int64_t left = arguments.num_rows - row;
  const __mmask16 lanes =
      left >= 16 ? 0xffff : static_cast<__mmask16>((1u << left) - 1);
  if (arguments.bias != nullptr) {
    const __m512 bias = _mm512_maskz_loadu_ps(lanes, arguments.bias + row);
#pragma GCC unroll 16
    for (int t = 0; t < T; ++t) values[t] = _mm512_add_ps(values[t], bias);
  }
  const int64_t stride = arguments.output_stride;
  float* output = arguments.output + token * stride + row;
  // A token that does not exist has no lanes.
  const auto lanes_of = [&](int t) -> __mmask16 {
    return t < num_tokens ? lanes : 0;
  };
  if (arguments.accumulate) {
#pragma GCC unroll 16
    for (int t = 0; t < T; ++t) {
      values[t] = _mm512_add_ps(
          _mm512_maskz_loadu_ps(lanes_of(t), output + t * stride), values[t]);
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < T; ++t) {
    _mm512_mask_storeu_ps(output + t * stride, lanes_of(t), values[t]);
  }
}

// Fetches the lines that Store will write for ownership: a tile's are in as
// many pages as it has tokens, and were read by other cores since. Without it
// Store took a quarter of a prompt's products.
template <int T>
inline void PrefetchOutput(const TileArguments& arguments, int64_t panel,
                           int64_t token, int64_t num_tokens) {
  const int64_t stride = arguments.output_stride;
  const float* output = arguments.output + token * stride + 16 * panel;
#pragma GCC unroll 16
  for (int t = 0; t < T; ++t) {
    if (t < num_tokens) __builtin_prefetch(output + t * stride, 1);
  }
}

// Lines of a panel ahead of their use. To the L2 only: filling the L1 takes its
// miss buffers from the activations (the head at M = 8: 2.2 ms against 1.07),
// and with no prefetch at all M = 8 costs 5.0 ms instead of 2.9. One token
// alone reads faster without on Zen 4; on Granite Rapids the core's own
// prefetchers leave it at 36 GB/s of the 54 that there are: a decode step of
// the default model takes 1.95 ms with, 2.75 ms without.
template <int kBytes>
inline void PrefetchLines(const uint8_t* p) {
  for (int line = 0; line < kBytes; line += 64) {
    _mm_prefetch(reinterpret_cast<const char*>(p) + line, _MM_HINT_T1);
  }
}

// The weight stream is prefetched this far ahead when tokens share a block, by
// the first tile of a panel; the others find it in the L1.
constexpr int64_t kPrefetchBytes = 8192;

}  // namespace
}  // namespace tessera::kernels
