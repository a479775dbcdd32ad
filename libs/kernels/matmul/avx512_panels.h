// How the kernels of AVX-512 read a panel: a group's scales as one float a row
// (a lane), a half block's integers as 4 registers of 4 columns a row.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "libs/kernels/matmul/tile.h"

namespace tessera::kernels {
namespace {

inline __m512i Load(const uint8_t* p) { return _mm512_load_si512(p); }

inline __m512 BroadcastFloat(const uint8_t* p) {
  return _mm512_set1_ps(*reinterpret_cast<const float*>(p));
}

inline __m512i BroadcastInt(const uint8_t* p) {
  return _mm512_set1_epi32(*reinterpret_cast<const int32_t*>(p));
}

inline __m512 LoadHalf(const uint8_t* p) {
  return _mm512_cvtph_ps(
      _mm256_load_si256(reinterpret_cast<const __m256i*>(p)));
}

inline __m512 LoadBytes(const uint8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(
      _mm_load_si128(reinterpret_cast<const __m128i*>(p))));
}

inline __m512 LoadSignedBytes(const uint8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(
      _mm_load_si128(reinterpret_cast<const __m128i*>(p))));
}

// Columns 16 * half to 16 * half + 15 of a block: 4 registers.
inline void UnpackNibbles(const uint8_t* block, int half, __m512i* w) {
  const __m512i low = _mm512_set1_epi8(15);
  for (int j = 0; j < 4; ++j) {
    const __m512i packed = Load(block + 64 * j);
    w[j] = _mm512_and_si512(half ? _mm512_srli_epi16(packed, 4) : packed, low);
  }
}

inline void UnpackBytes(const uint8_t* block, int half, __m512i* w) {
  for (int j = 0; j < 4; ++j) w[j] = Load(block + 256 * half + 64 * j);
}

// Nibbles, then two registers of 2-bit fields, one a half: field i belongs to
// w[i].
inline void UnpackSixBits(const uint8_t* block, int half, __m512i* w) {
  UnpackNibbles(block, half, w);
  const __m512i mask = _mm512_set1_epi8(0x30);
  const __m512i high = Load(block + 256 + 64 * half);
  const __m512i fields[4] = {_mm512_slli_epi16(high, 4),
                             _mm512_slli_epi16(high, 2), high,
                             _mm512_srli_epi16(high, 2)};
  for (int i = 0; i < 4; ++i) {  // w | (field & mask)
    w[i] = _mm512_ternarylogic_epi32(w[i], fields[i], mask, 0xf8);
  }
}

// A format's group: what the header says of its block i. kOffset was added to
// every weight to make it unsigned.
struct GroupQ4 {
  static constexpr int kBlocks = 2, kHeader = 64, kBlock = 256, kOffset = 8;
  static constexpr bool kMin = false, kHalves = false;
  explicit GroupQ4(const uint8_t* p) : header(p) {}
  __m512 Scale(int i) const { return LoadHalf(header + 32 * i); }
  static void Unpack(const uint8_t* p, int half, __m512i* w) {
    UnpackNibbles(p, half, w);
  }
  const uint8_t* header;
};

struct GroupQ8 : GroupQ4 {
  static constexpr int kBlock = 512, kOffset = 128;
  using GroupQ4::GroupQ4;
  static void Unpack(const uint8_t* p, int half, __m512i* w) {
    UnpackBytes(p, half, w);
  }
};

struct GroupQ4Min {
  static constexpr int kBlocks = 1, kHeader = 64, kBlock = 256, kOffset = 0;
  static constexpr bool kMin = true, kHalves = false;
  explicit GroupQ4Min(const uint8_t* p) : header(p) {}
  __m512 Scale(int) const { return LoadHalf(header); }
  __m512 Min(int) const { return LoadHalf(header + 32); }
  static void Unpack(const uint8_t* p, int half, __m512i* w) {
    UnpackNibbles(p, half, w);
  }
  const uint8_t* header;
};

struct GroupQ8Min : GroupQ4Min {
  static constexpr int kBlock = 512;
  using GroupQ4Min::GroupQ4Min;
  static void Unpack(const uint8_t* p, int half, __m512i* w) {
    UnpackBytes(p, half, w);
  }
};

struct GroupQ4Super {
  static constexpr int kBlocks = 8, kHeader = 320, kBlock = 256, kOffset = 0;
  static constexpr bool kMin = true, kHalves = false;
  explicit GroupQ4Super(const uint8_t* p)
      : header(p),
        d(LoadHalf(p)),
        minus_dmin(_mm512_sub_ps(_mm512_setzero_ps(), LoadHalf(p + 32))) {}
  __m512 Scale(int i) const {
    return _mm512_mul_ps(d, LoadBytes(header + 64 + 16 * i));
  }
  __m512 Min(int i) const {
    return _mm512_mul_ps(minus_dmin, LoadBytes(header + 192 + 16 * i));
  }
  static void Unpack(const uint8_t* p, int half, __m512i* w) {
    UnpackNibbles(p, half, w);
  }
  const uint8_t* header;
  __m512 d, minus_dmin;
};

struct GroupQ8Super : GroupQ4Super {
  static constexpr int kBlock = 512;
  using GroupQ4Super::GroupQ4Super;
  static void Unpack(const uint8_t* p, int half, __m512i* w) {
    UnpackBytes(p, half, w);
  }
};

// Two scales a block, one for each 16 columns: w[0..3] and w[4..7].
struct GroupQ6Super {
  static constexpr int kBlocks = 8, kHeader = 320, kBlock = 384, kOffset = 32;
  static constexpr bool kMin = false, kHalves = true;
  explicit GroupQ6Super(const uint8_t* p) : header(p), d(LoadHalf(p)) {}
  __m512 HalfScale(int i, int half) const {
    return _mm512_mul_ps(d, LoadSignedBytes(header + 64 + 32 * i + 16 * half));
  }
  static void Unpack(const uint8_t* p, int half, __m512i* w) {
    UnpackSixBits(p, half, w);
  }
  const uint8_t* header;
  __m512 d;
};

// Sums of int12 activations times their rows' scales, which are in the first
// block `a`.
template <int T, int W>
inline void ScaleRows(const uint8_t* a, __m512* sums) {
  constexpr Int12BlockLayout kLayout{W};
#pragma GCC unroll 16
  for (int t = 0; t < T; ++t) {
    sums[t] = _mm512_mul_ps(sums[t], BroadcastFloat(a + kLayout.scale(t)));
  }
}

}  // namespace
}  // namespace tessera::kernels
