// Layouts of GGML's quantized blocks, as they stand in GGUF files.
//
// All scales are IEEE half precision bits. In Q4_0, Q4_1, Q5_0 and Q5_1 byte i
// of `quants` holds element i in its low nibble and element i + 16 in its high
// one. The K formats cut 256 elements into groups of 32 (Q6_K: 16) with scales
// of their own.
// Source: ggml-common.h, llama.cpp (MIT).
#pragma once

#include <cstdint>

namespace tessera {

inline constexpr int kBlockElements = 32;
inline constexpr int kSuperBlockElements = 256;

struct BlockQ4_0 {  // w = d * (q - 8)
  uint16_t d;
  uint8_t quants[16];
};

struct BlockQ4_1 {  // w = d * q + m
  uint16_t d;
  uint16_t m;
  uint8_t quants[16];
};

struct BlockQ5_0 {  // w = d * (q - 16); bit i of `high` is element i's fifth
  uint16_t d;
  uint8_t high[4];
  uint8_t quants[16];
};

struct BlockQ5_1 {  // w = d * q + m
  uint16_t d;
  uint16_t m;
  uint8_t high[4];
  uint8_t quants[16];
};

struct BlockQ8_0 {  // w = d * q
  uint16_t d;
  int8_t quants[32];
};

// Six-bit scale and minimum of group g (0 to 7), packed in `scales`.
struct BlockQ4_K {  // w = d * scale[g] * q - dmin * min[g]
  uint16_t d;
  uint16_t dmin;
  uint8_t scales[12];
  uint8_t quants[128];  // 64 elements per 32 bytes: low nibbles, then high
};

struct BlockQ5_K {
  uint16_t d;
  uint16_t dmin;
  uint8_t scales[12];
  uint8_t high[32];
  uint8_t quants[128];
};

struct BlockQ6_K {   // w = d * scales[g] * (q - 32), groups of 16
  uint8_t low[128];  // low four bits
  uint8_t high[64];  // upper two
  int8_t scales[16];
  uint16_t d;
};

static_assert(sizeof(BlockQ4_0) == 18);
static_assert(sizeof(BlockQ4_1) == 20);
static_assert(sizeof(BlockQ5_0) == 22);
static_assert(sizeof(BlockQ5_1) == 24);
static_assert(sizeof(BlockQ8_0) == 34);
static_assert(sizeof(BlockQ4_K) == 144);
static_assert(sizeof(BlockQ5_K) == 176);
static_assert(sizeof(BlockQ6_K) == 210);

struct ScaleAndMin {
  uint8_t scale;
  uint8_t min;
};

// Unpacks group g of a K block's 12 scale bytes.
inline ScaleAndMin UnpackScaleAndMin(const uint8_t* scales, int g) {
  if (g < 4) {
    return {static_cast<uint8_t>(scales[g] & 63),
            static_cast<uint8_t>(scales[g + 4] & 63)};
  }
  return {
      static_cast<uint8_t>((scales[g + 4] & 15) | ((scales[g - 4] >> 6) << 4)),
      static_cast<uint8_t>((scales[g + 4] >> 4) | ((scales[g] >> 6) << 4))};
}

}  // namespace tessera
