// Panels: how a weight matrix lies in memory for the kernels.
//
// Rows stand in panels of 16, one row a SIMD lane, so that no sum ever runs
// across lanes: one 64-byte register holds 4 consecutive int8 elements (or 2
// bf16, or 1 float) of each of the 16 rows. Columns stand in blocks of 32; one
// or more blocks form a group that starts with a header of scales:
//
//   format   from           group    header                        block
//   kQ4      Q4_0           2 blocks d[2][16]                      nibbles, 256
//   B kQ4Min   Q4_1           1        d[16] m[16]                   nibbles,
//   256 B kQ4Super Q4_K           8        d[16] dmin[16] scale[8][16]
//                                    min[8][16]                    nibbles, 256
//                                    B
//   kQ6Super Q6_K           8        d[16] 0[16] scale[16][16]     nibbles and
//                                                      2-bit fields, 384 B
//   kQ8      Q8_0, Q5_0     2        d[2][16]                      bytes, 512 B
//   kQ8Min   Q5_1           1        d[16] m[16]                   bytes, 512 B
//   kQ8Super Q5_K           8        as kQ4Super                   bytes, 512 B
//   kBF16    BF16           1        -                             pairs, 1,024
//   B kF16     F16            1        -                             1,024 B
//   kF32     F32, and all of them for the float oracle             2,048 B
//
// d, m and dmin are the file's half-precision bits, scale and min its bytes,
// the integers its integers: nothing is rounded. Register j (0 to 3) of a
// nibble block holds columns 4j..4j+3 in its low nibbles and 16+4j..16+4j+3 in
// its high ones. Bytes are stored unsigned, as vpdpbusd wants them: kQ8 as q +
// 128, kQ6Super (whose 2-bit fields are the same elements' upper bits) and kQ4
// as the file's. A panel is padded with zero rows and zero blocks to whole
// panels and groups.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "libs/device/cpu_features.h"
#include "libs/tensor/dtype.h"

namespace tessera::kernels {

inline constexpr int kPanelRows = 16;
inline constexpr int kPanelColumns = 32;  // of a block

enum class PanelFormat : uint8_t {
  kQ4,
  kQ4Min,
  kQ4Super,
  kQ6Super,
  kQ8,
  kQ8Min,
  kQ8Super,
  kBF16,
  kF16,
  kF32,
};
inline constexpr int kNumPanelFormats = 10;

// What the activations are turned into before they meet a panel. An integer
// format takes kInt8 (a scale for each 16 columns) or, where more precision
// pays (PackedMatrix::Plan), kInt12 (one scale a row).
enum class ActivationKind : uint8_t { kInt8, kInt12, kBF16, kF32 };
inline constexpr int kNumActivationKinds = 4;

struct PanelGeometry {
  absl::string_view name;
  ActivationKind activations;  // kInt8: or of 12 bits
  int group_blocks;
  int header_bytes;  // of a group
  int block_bytes;

  int64_t NumGroups(int64_t columns) const {
    const int64_t group_columns = int64_t{kPanelColumns} * group_blocks;
    return (columns + group_columns - 1) / group_columns;
  }
  int64_t GroupBytes() const {
    return header_bytes + int64_t{group_blocks} * block_bytes;
  }
  int64_t PanelBytes(int64_t columns) const {
    return NumGroups(columns) * GroupBytes();
  }
};

const PanelGeometry& Geometry(PanelFormat format);

// The format that holds a file's rows exactly. The reference kernels are the
// float oracle: they get every type as kF32.
PanelFormat PanelFormatFor(DType dtype, device::KernelSet kernels);

}  // namespace tessera::kernels
