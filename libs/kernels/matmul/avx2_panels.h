// How the kernels of AVX2 read a panel: half of it (8 rows) at a time, a
// group's scales as one float a row (a lane), a block's integers register by
// register.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace tessera::kernels {
namespace {

inline __m256i Load(const uint8_t* p) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
}

inline __m256i BroadcastInt(const uint8_t* p) {
  return _mm256_set1_epi32(*reinterpret_cast<const int32_t*>(p));
}

inline __m256 BroadcastFloat(const uint8_t* p) {
  return _mm256_broadcast_ss(reinterpret_cast<const float*>(p));
}

inline __m256 LoadHalf(const uint8_t* p) {
  return _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(p)));
}

inline __m256 LoadBytes(const uint8_t* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(
      _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}

inline __m256 LoadSignedBytes(const uint8_t* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(
      _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}

// Elements of register j of a block, of 8 rows: `block` includes the half's 32
// bytes.
inline __m256i Nibbles(const uint8_t* block, int j) {
  const __m256i packed = Load(block + 64 * (j % 4));
  return _mm256_and_si256(j < 4 ? packed : _mm256_srli_epi16(packed, 4),
                          _mm256_set1_epi8(15));
}

inline __m256i SixBits(const uint8_t* block, int j) {
  const __m256i high = Load(block + 256 + 64 * (j / 4));
  const __m256i field = j % 4 == 0   ? _mm256_slli_epi16(high, 4)
                        : j % 4 == 1 ? _mm256_slli_epi16(high, 2)
                        : j % 4 == 2 ? high
                                     : _mm256_srli_epi16(high, 2);
  return _mm256_or_si256(Nibbles(block, j),
                         _mm256_and_si256(field, _mm256_set1_epi8(0x30)));
}

inline __m256i Product(__m256i weights, __m256i x) {
  return _mm256_maddubs_epi16(weights, x);
}

inline __m256i SignedProduct(__m256i weights, __m256i x) {
  return _mm256_maddubs_epi16(_mm256_abs_epi8(weights),
                              _mm256_sign_epi8(x, weights));
}

// A format's group. `p` of the constructor is the header, `half` 0 or 1: rows 0
// to 7 or 8 to 15. kRun: products added in 16 bits.
struct GroupQ4 {
  static constexpr int kBlocks = 2, kHeader = 64, kBlock = 256, kRun = 8;
  static constexpr int kOffset = 8;
  static constexpr bool kMin = false, kHalves = false;
  GroupQ4(const uint8_t* p, int half) : header(p + 16 * half) {}
  __m256 Scale(int i) const { return LoadHalf(header + 32 * i); }
  static __m256i Weights(const uint8_t* p, int j) { return Nibbles(p, j); }
  static __m256i Multiply(__m256i w, __m256i x) { return Product(w, x); }
  const uint8_t* header;
};

struct GroupQ8 : GroupQ4 {  // as signed bytes
  static constexpr int kBlock = 512, kRun = 1, kOffset = 0;
  using GroupQ4::GroupQ4;
  static __m256i Weights(const uint8_t* p, int j) {
    return _mm256_xor_si256(Load(p + 64 * j), _mm256_set1_epi8(-128));
  }
  static __m256i Multiply(__m256i w, __m256i x) { return SignedProduct(w, x); }
};

struct GroupQ4Min {
  static constexpr int kBlocks = 1, kHeader = 64, kBlock = 256, kRun = 8;
  static constexpr int kOffset = 0;
  static constexpr bool kMin = true, kHalves = false;
  GroupQ4Min(const uint8_t* p, int half) : header(p + 16 * half) {}
  __m256 Scale(int) const { return LoadHalf(header); }
  __m256 Min(int) const { return LoadHalf(header + 32); }
  static __m256i Weights(const uint8_t* p, int j) { return Nibbles(p, j); }
  static __m256i Multiply(__m256i w, __m256i x) { return Product(w, x); }
  const uint8_t* header;
};

struct GroupQ8Min : GroupQ4Min {  // five bits
  static constexpr int kBlock = 512, kRun = 4;
  using GroupQ4Min::GroupQ4Min;
  static __m256i Weights(const uint8_t* p, int j) { return Load(p + 64 * j); }
};

struct GroupQ4Super {
  static constexpr int kBlocks = 8, kHeader = 320, kBlock = 256, kRun = 8;
  static constexpr int kOffset = 0;
  static constexpr bool kMin = true, kHalves = false;
  GroupQ4Super(const uint8_t* p, int half)
      : bytes(p + 64 + 8 * half),
        d(LoadHalf(p + 16 * half)),
        minus_dmin(
            _mm256_sub_ps(_mm256_setzero_ps(), LoadHalf(p + 32 + 16 * half))) {}
  __m256 Scale(int i) const {
    return _mm256_mul_ps(d, LoadBytes(bytes + 16 * i));
  }
  __m256 Min(int i) const {
    return _mm256_mul_ps(minus_dmin, LoadBytes(bytes + 128 + 16 * i));
  }
  static __m256i Weights(const uint8_t* p, int j) { return Nibbles(p, j); }
  static __m256i Multiply(__m256i w, __m256i x) { return Product(w, x); }
  const uint8_t* bytes;
  __m256 d, minus_dmin;
};

struct GroupQ8Super : GroupQ4Super {  // five bits
  static constexpr int kBlock = 512, kRun = 4;
  using GroupQ4Super::GroupQ4Super;
  static __m256i Weights(const uint8_t* p, int j) { return Load(p + 64 * j); }
};

// A scale for each 16 columns: registers 0 to 3 and 4 to 7.
struct GroupQ6Super {
  static constexpr int kBlocks = 8, kHeader = 320, kBlock = 384, kRun = 2;
  static constexpr int kOffset = 32;
  static constexpr bool kMin = false, kHalves = true;
  GroupQ6Super(const uint8_t* p, int half)
      : bytes(p + 64 + 8 * half), d(LoadHalf(p + 16 * half)) {}
  __m256 HalfScale(int i, int part) const {
    return _mm256_mul_ps(d, LoadSignedBytes(bytes + 32 * i + 16 * part));
  }
  static __m256i Weights(const uint8_t* p, int j) { return SixBits(p, j); }
  static __m256i Multiply(__m256i w, __m256i x) { return Product(w, x); }
  const uint8_t* bytes;
  __m256 d;
};

}  // namespace
}  // namespace tessera::kernels
