#include "libs/kernels/matmul/pack_panel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "libs/base/check.h"
#include "libs/tensor/block_formats.h"
#include "libs/tensor/dequantize.h"

namespace tessera::kernels {
namespace {

// One lane of a panel: stores go to its column of every register.
class Lane {
 public:
  Lane(PanelFormat format, uint8_t* panel, int lane)
      : geometry_(Geometry(format)), panel_(panel), lane_(lane) {}

  uint8_t* Group(int64_t group) const {
    return panel_ + group * geometry_.GroupBytes();
  }
  uint8_t* Block(int64_t block) const {
    return Group(block / geometry_.group_blocks) + geometry_.header_bytes +
           block % geometry_.group_blocks * geometry_.block_bytes;
  }
  // Half-precision header entry `index` of 16 rows; false if it is not finite.
  bool PutHalf(uint8_t* header, int index, uint16_t bits) const {
    std::memcpy(header + 32 * index + 2 * lane_, &bits, 2);
    return (bits & 0x7c00) != 0x7c00;
  }
  void PutByte(uint8_t* header, int offset, uint8_t value) const {
    header[offset + lane_] = value;
  }
  // Register `j` of a block.
  void PutWord(uint8_t* block, int j, uint32_t word) const {
    std::memcpy(block + 64 * j + 4 * lane_, &word, 4);
  }
  int index() const { return lane_; }

 private:
  const PanelGeometry& geometry_;
  uint8_t* panel_;
  int lane_;
};

uint32_t Word(const uint8_t* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, 4);
  return word;
}

// 32 values below 16 as a nibble block.
void PutNibbles(const Lane& lane, uint8_t* block, const uint8_t* q) {
  for (int j = 0; j < 4; ++j) {
    lane.PutWord(block, j,
                 (Word(q + 4 * j) & 0x0f0f0f0f) |
                     (Word(q + 16 + 4 * j) & 0x0f0f0f0f) << 4);
  }
}

void PutBytes(const Lane& lane, uint8_t* block, const uint8_t* q) {
  for (int j = 0; j < 8; ++j) lane.PutWord(block, j, Word(q + 4 * j));
}

// Elements of Q5 blocks: four low bits and a fifth.
void UnpackQ5(const uint8_t* quants, const uint8_t* high, uint8_t* q) {
  const uint32_t bits = Word(high);
  for (int i = 0; i < 16; ++i) {
    q[i] = (quants[i] & 15) | ((bits >> i) & 1) << 4;
    q[i + 16] = (quants[i] >> 4) | ((bits >> (i + 16)) & 1) << 4;
  }
}

bool PackQ4_0(const BlockQ4_0& block, int64_t b, const Lane& lane) {
  for (int j = 0; j < 4; ++j) {
    lane.PutWord(lane.Block(b), j, Word(block.quants + 4 * j));
  }
  return lane.PutHalf(lane.Group(b / 2), b % 2, block.d);
}

bool PackQ4_1(const BlockQ4_1& block, int64_t b, const Lane& lane) {
  for (int j = 0; j < 4; ++j) {
    lane.PutWord(lane.Block(b), j, Word(block.quants + 4 * j));
  }
  const bool finite = lane.PutHalf(lane.Group(b), 0, block.d);
  return lane.PutHalf(lane.Group(b), 1, block.m) && finite;
}

bool PackQ5_0(const BlockQ5_0& block, int64_t b, const Lane& lane) {
  uint8_t q[32];
  UnpackQ5(block.quants, block.high, q);
  for (uint8_t& value : q) value += 128 - 16;
  PutBytes(lane, lane.Block(b), q);
  return lane.PutHalf(lane.Group(b / 2), b % 2, block.d);
}

bool PackQ5_1(const BlockQ5_1& block, int64_t b, const Lane& lane) {
  uint8_t q[32];
  UnpackQ5(block.quants, block.high, q);
  PutBytes(lane, lane.Block(b), q);
  const bool finite = lane.PutHalf(lane.Group(b), 0, block.d);
  return lane.PutHalf(lane.Group(b), 1, block.m) && finite;
}

bool PackQ8_0(const BlockQ8_0& block, int64_t b, const Lane& lane) {
  const uint8_t* q = reinterpret_cast<const uint8_t*>(block.quants);
  for (int j = 0; j < 8; ++j) {
    lane.PutWord(lane.Block(b), j, Word(q + 4 * j) ^ 0x80808080);
  }
  return lane.PutHalf(lane.Group(b / 2), b % 2, block.d);
}

// The header that Q4_K and Q5_K share.
template <class Block>
bool PutSuperHeader(const Block& block, const Lane& lane, uint8_t* header) {
  for (int g = 0; g < 8; ++g) {
    const ScaleAndMin unpacked = UnpackScaleAndMin(block.scales, g);
    lane.PutByte(header, 64 + 16 * g, unpacked.scale);
    lane.PutByte(header, 192 + 16 * g, unpacked.min);
  }
  const bool finite = lane.PutHalf(header, 0, block.d);
  return lane.PutHalf(header, 1, block.dmin) && finite;
}

bool PackQ4_K(const BlockQ4_K& block, int64_t b, const Lane& lane) {
  for (int g = 0; g < 8; ++g) {
    const uint8_t* quants = block.quants + g / 2 * 32;
    uint8_t q[32];
    for (int i = 0; i < 32; ++i) q[i] = quants[i] >> (g % 2 * 4) & 15;
    PutNibbles(lane, lane.Block(8 * b + g), q);
  }
  return PutSuperHeader(block, lane, lane.Group(b));
}

bool PackQ5_K(const BlockQ5_K& block, int64_t b, const Lane& lane) {
  for (int g = 0; g < 8; ++g) {
    const uint8_t* quants = block.quants + g / 2 * 32;
    uint8_t q[32];
    for (int i = 0; i < 32; ++i) {
      q[i] = (quants[i] >> (g % 2 * 4) & 15) | (block.high[i] >> g & 1) << 4;
    }
    PutBytes(lane, lane.Block(8 * b + g), q);
  }
  return PutSuperHeader(block, lane, lane.Group(b));
}

// Elements 32g..32g+31 of a Q6_K block, 0 to 63.
void UnpackQ6(const BlockQ6_K& block, int g, uint8_t* q) {
  const int half = g / 4, quarter = g % 4;
  const uint8_t* low = block.low + 64 * half + 32 * (quarter % 2);
  const uint8_t* high = block.high + 32 * half;
  for (int i = 0; i < 32; ++i) {
    q[i] = (low[i] >> (quarter / 2 * 4) & 15) | (high[i] >> (2 * quarter) & 3)
                                                    << 4;
  }
}

bool PackQ6_K(const BlockQ6_K& block, int64_t b, const Lane& lane) {
  uint8_t* header = lane.Group(b);
  for (int g = 0; g < 16; ++g) {
    lane.PutByte(header, 64 + 16 * g, static_cast<uint8_t>(block.scales[g]));
  }
  for (int g = 0; g < 8; ++g) {
    uint8_t q[32];
    UnpackQ6(block, g, q);
    uint8_t* destination = lane.Block(8 * b + g);
    PutNibbles(lane, destination, q);
    for (int half = 0; half < 2; ++half) {
      uint32_t fields = 0;
      for (int i = 0; i < 4; ++i) {
        fields |= (Word(q + 16 * half + 4 * i) >> 4 & 0x03030303) << (2 * i);
      }
      lane.PutWord(destination, 4 + half, fields);
    }
  }
  return lane.PutHalf(header, 0, block.d);
}

template <class Block, class PackBlock>
bool PackBlocks(const uint8_t* row, int64_t num_blocks, const Lane& lane,
                PackBlock pack) {
  bool finite = true;
  for (int64_t b = 0; b < num_blocks; ++b) {
    Block block;  // files align nothing
    std::memcpy(&block, row + b * sizeof(Block), sizeof(Block));
    finite &= pack(block, b, lane);
  }
  return finite;
}

// F16 and BF16: bits as they are; `pair` columns of a row stand side by side.
bool PackHalves(const uint8_t* row, int64_t num_columns, const Lane& lane,
                int pair, uint16_t exponent_mask) {
  bool finite = true;
  for (int64_t column = 0; column < num_columns; ++column) {
    uint16_t bits;
    std::memcpy(&bits, row + 2 * column, 2);
    finite &= (bits & exponent_mask) != exponent_mask;
    uint8_t* block = lane.Block(column / kPanelColumns);
    const int in_block = static_cast<int>(column % kPanelColumns);
    std::memcpy(block + 2 * (in_block / pair * pair * kPanelRows +
                             lane.index() * pair + in_block % pair),
                &bits, 2);
  }
  return finite;
}

bool PackFloats(DType dtype, const uint8_t* row, int64_t num_columns,
                const Lane& lane) {
  std::vector<float> values(num_columns);
  DequantizeRow(dtype, row, num_columns, values.data());
  bool finite = true;
  for (int64_t column = 0; column < num_columns; ++column) {
    finite &= std::isfinite(values[column]);
    std::memcpy(lane.Block(column / kPanelColumns) +
                    4 * (column % kPanelColumns * kPanelRows + lane.index()),
                &values[column], 4);
  }
  return finite;
}

}  // namespace

bool PackPanelRow(PanelFormat format, DType dtype, const uint8_t* row,
                  int64_t num_columns, int lane_index, uint8_t* panel) {
  const Lane lane(format, panel, lane_index);
  if (format == PanelFormat::kF32) {
    return PackFloats(dtype, row, num_columns, lane);
  }
  const int64_t num_blocks = num_columns / Traits(dtype).block_elements;
  switch (dtype) {
    case DType::kQ4_0:
      return PackBlocks<BlockQ4_0>(row, num_blocks, lane, PackQ4_0);
    case DType::kQ4_1:
      return PackBlocks<BlockQ4_1>(row, num_blocks, lane, PackQ4_1);
    case DType::kQ5_0:
      return PackBlocks<BlockQ5_0>(row, num_blocks, lane, PackQ5_0);
    case DType::kQ5_1:
      return PackBlocks<BlockQ5_1>(row, num_blocks, lane, PackQ5_1);
    case DType::kQ8_0:
      return PackBlocks<BlockQ8_0>(row, num_blocks, lane, PackQ8_0);
    case DType::kQ4_K:
      return PackBlocks<BlockQ4_K>(row, num_blocks, lane, PackQ4_K);
    case DType::kQ5_K:
      return PackBlocks<BlockQ5_K>(row, num_blocks, lane, PackQ5_K);
    case DType::kQ6_K:
      return PackBlocks<BlockQ6_K>(row, num_blocks, lane, PackQ6_K);
    case DType::kBF16:
      return PackHalves(row, num_columns, lane, 2, 0x7f80);
    case DType::kF16:
      return PackHalves(row, num_columns, lane, 1, 0x7c00);
    case DType::kF32:
    case DType::kI8:
    case DType::kI32:
      break;
  }
  CHECK(false) << "no panel format for " << DTypeName(dtype);
  return false;
}

}  // namespace tessera::kernels
