// What one kernel call gets: plain structs, for sources of every instruction
// set.
//
// Activations of W tokens (a tile: W = 1, 4, 8 or 16) lie block by block, so
// that the distance from a token to the next is a constant: one base register
// reaches all. A block holds 32 columns of W tokens:
//
//   int8   q[W][32] int8 | scale[W][2] float | scaled_sum[W] float
//          | sum8[W][2] int32 | sum128[W][2] int32 | sum32[W][2] int32
//   int12  (high[32] int8, low[32] int8)[W] | scale[W] float
//          | scaled_sum[W] float | sum8[W] int32 | sum128[W] int32
//          | sum32[W][2] int32
//   bf16   x[16 pairs][W][2]
//   float  x[32][W]
//
// int8: x ~ scale * q by halves of 16 columns, q = round(x * (127 / max|x|)),
// scale = max|x| * (1 / 127), of the half. int12: one scale for the row, in its
// first block, q = 16 high + low = round(x * (2039 / max|x|)), scale = max|x| *
// (1 / 2039), low in [-8, 7], high in [-127, 127]: two planes for instructions
// that multiply bytes. With 4 bits for the low one, 16 times a weight of 4 bits
// is a byte too: high . 16 w + low . w is one dot product over 64 bytes.
// scaled_sum = the sum of scale * q (int8: fma(scale[1], sum(q of the second
// half), scale[0] * sum(q of the first)); int12: of q) meets a format's
// minimum; sum8 = -8 sum(q), sum128 and sum32 alike, of the block or of each
// half, are what dot products with offset weights start from.
#pragma once

#include <cstdint>

namespace tessera::kernels {

struct Int8BlockLayout {
  int width;  // W
  constexpr int q(int token) const { return 32 * token; }
  constexpr int scale(int token) const { return 32 * width + 8 * token; }
  constexpr int scaled_sum(int token) const { return 40 * width + 4 * token; }
  constexpr int sum8(int token) const { return 44 * width + 8 * token; }
  constexpr int sum128(int token) const { return 52 * width + 8 * token; }
  constexpr int sum32(int token) const { return 60 * width + 8 * token; }
  constexpr int bytes() const { return 68 * width; }
};

struct Int12BlockLayout {
  int width;  // W
  constexpr int high(int token) const { return 64 * token; }
  constexpr int low(int token) const { return 64 * token + 32; }
  constexpr int scale(int token) const { return 64 * width + 4 * token; }
  constexpr int scaled_sum(int token) const { return 68 * width + 4 * token; }
  constexpr int sum8(int token) const { return 72 * width + 4 * token; }
  constexpr int sum128(int token) const { return 76 * width + 4 * token; }
  constexpr int sum32(int token) const { return 80 * width + 8 * token; }
  constexpr int bytes() const { return 88 * width; }
};

// q = (high << kPlaneBits) + low, up to kInt12Steps.
inline constexpr int kPlaneBits = 4;
inline constexpr float kInt8Steps = 127;
inline constexpr float kInt12Steps = 2039;
// A block whose max|x| is smaller counts as zeros: its inverse would overflow.
inline constexpr float kSmallestMax = 1e-30f;

inline constexpr int kBFloat16BlockBytes = 64;  // times W
inline constexpr int kFloatBlockBytes = 128;    // times W

// Panels of one run times the tokens of some tiles.
struct TileArguments {
  const uint8_t* panels;
  int64_t panel_bytes;
  int64_t num_panels;
  int64_t num_groups;  // of a panel

  const uint8_t* activations;  // first tile
  int64_t tile_bytes;
  int64_t num_tokens;
  int tile_width;  // W: 1, 4 or 8; with AMX 16 too
  // Whether one token alone has the weights prefetched: a matter of the core.
  bool prefetches_for_one;

  // output[t * output_stride + 16 * panel + lane]; lanes from num_rows on,
  // counted from the first panel's first, do not exist.
  float* output;
  int64_t output_stride;
  int64_t num_rows;
  const float* bias;  // added, by row; or null
  bool accumulate;    // output += instead of output =
};

using TileFunction = void (*)(const TileArguments&);

// Turns one token's row of `columns` floats into `num_blocks` of activations:
// `token` is its place in its tile, `tile` the tile's first byte. Columns past
// the row are zero. The result depends on the row alone.
struct ActivationRow {
  const float* input;
  int64_t columns;
  int64_t num_blocks;
  uint8_t* tile;
  int tile_width;
  int token;
};

using ActivationFunction = void (*)(const ActivationRow&);

}  // namespace tessera::kernels
