// What one kernel call gets: plain structs, for sources of every instruction
// set.
//
// Activations of W tokens (a tile: W = 1, 4 or 8) lie block by block, so that
// the distance from a token to the next is a constant: one base register
// reaches all. A block holds 32 columns of W tokens:
//
//   int8   q[W][32] int8 | scale[W] float | scaled_sum[W] float
//          | sum8[W] int32 | sum128[W] int32 | sum32[W][2] int32
//   bf16   x[16 pairs][W][2]
//   float  x[32][W]
//
// with x ~ scale * q, q = round(x * (127 / max|x|)), scale = max|x| * (1 /
// 127); scaled_sum = scale * sum(q) meets a format's minimum; sum8 = -8 sum(q),
// sum128 = -128 sum(q) and sum32 = -32 times the sum of each half are what dot
// products with offset weights start from.
#pragma once

#include <cstdint>

namespace tessera::kernels {

struct Int8BlockLayout {
  int width;  // W
  constexpr int q(int token) const { return 32 * token; }
  constexpr int scale(int token) const { return 32 * width + 4 * token; }
  constexpr int scaled_sum(int token) const { return 36 * width + 4 * token; }
  constexpr int sum8(int token) const { return 40 * width + 4 * token; }
  constexpr int sum128(int token) const { return 44 * width + 4 * token; }
  constexpr int sum32(int token) const { return 48 * width + 8 * token; }
  constexpr int bytes() const { return 56 * width; }
};

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
  int tile_width;  // W: 1, 4 or 8

  // output[t * output_stride + 16 * panel + lane]; lanes from num_rows on,
  // counted from the first panel's first, do not exist.
  float* output;
  int64_t output_stride;
  int64_t num_rows;
  const float* bias;  // added, by row; or null
  bool accumulate;    // output += instead of output =
};

using TileFunction = void (*)(const TileArguments&);

// Turns one token's row of `columns` floats, blocks [first, end), into
// activations: `token` is its place in its tile, `tile` the tile's first byte.
// Columns past the row are zero. The result depends on the row alone.
struct ActivationRow {
  const float* input;  // the row's column 0
  int64_t columns;
  int64_t first_block;
  int64_t end_block;
  uint8_t* tile;
  int tile_width;
  int token;
};

using ActivationFunction = void (*)(const ActivationRow&);

}  // namespace tessera::kernels
