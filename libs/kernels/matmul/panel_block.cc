#include "libs/kernels/matmul/panel_block.h"

#include <cstring>

#include "libs/base/check.h"
#include "libs/tensor/float16.h"

namespace tessera::kernels {
namespace {

float ReadHalf(const uint8_t* header, int index, int lane) {
  uint16_t bits;
  std::memcpy(&bits, header + 32 * index + 2 * lane, 2);
  return Float16ToFloat(bits);
}

void ReadNibbles(const uint8_t* block, int lane, int32_t* q) {
  for (int i = 0; i < 16; ++i) {
    const uint8_t byte = block[64 * (i / 4) + 4 * lane + i % 4];
    q[i] = byte & 15;
    q[i + 16] = byte >> 4;
  }
}

void AddSixBits(const uint8_t* fields, int lane, int32_t* q) {
  for (int i = 0; i < 32; ++i) {
    const uint8_t byte = fields[64 * (i / 16) + 4 * lane + i % 4];
    q[i] |= (byte >> (i % 16 / 4 * 2) & 3) << 4;
  }
}

void ReadBytes(const uint8_t* block, int lane, int32_t* q) {
  for (int i = 0; i < 32; ++i) q[i] = block[64 * (i / 4) + 4 * lane + i % 4];
}

void Subtract(int32_t offset, int32_t* q) {
  for (int i = 0; i < kPanelColumns; ++i) q[i] -= offset;
}

const uint8_t* GroupAt(const PanelGeometry& geometry, const uint8_t* panel,
                       int64_t block) {
  return panel + block / geometry.group_blocks * geometry.GroupBytes();
}

const uint8_t* BlockAt(const PanelGeometry& geometry, const uint8_t* panel,
                       int64_t block) {
  return GroupAt(geometry, panel, block) + geometry.header_bytes +
         block % geometry.group_blocks * geometry.block_bytes;
}

}  // namespace

IntegerBlock ReadIntegerBlock(PanelFormat format, const uint8_t* panel,
                              int64_t block, int lane) {
  const PanelGeometry& geometry = Geometry(format);
  const uint8_t* header = GroupAt(geometry, panel, block);
  const uint8_t* data = BlockAt(geometry, panel, block);
  const int index = static_cast<int>(block % geometry.group_blocks);
  IntegerBlock result;
  result.min = 0;
  if (geometry.block_bytes == 512) {
    ReadBytes(data, lane, result.q);
  } else {
    ReadNibbles(data, lane, result.q);
  }
  float scale = 0;
  switch (format) {
    case PanelFormat::kQ4:
      Subtract(8, result.q);
      scale = ReadHalf(header, index, lane);
      break;
    case PanelFormat::kQ8:
      Subtract(128, result.q);
      scale = ReadHalf(header, index, lane);
      break;
    case PanelFormat::kQ4Min:
    case PanelFormat::kQ8Min:
      scale = ReadHalf(header, 0, lane);
      result.min = ReadHalf(header, 1, lane);
      break;
    case PanelFormat::kQ4Super:
    case PanelFormat::kQ8Super:
      scale = ReadHalf(header, 0, lane) *
              static_cast<float>(header[64 + 16 * index + lane]);
      result.min = -ReadHalf(header, 1, lane) *
                   static_cast<float>(header[192 + 16 * index + lane]);
      break;
    case PanelFormat::kQ6Super:
      AddSixBits(data + 256, lane, result.q);
      Subtract(32, result.q);
      for (int half = 0; half < 2; ++half) {
        result.scale[half] = ReadHalf(header, 0, lane) *
                             static_cast<float>(static_cast<int8_t>(
                                 header[64 + 32 * index + 16 * half + lane]));
      }
      return result;
    case PanelFormat::kBF16:
    case PanelFormat::kF16:
    case PanelFormat::kF32:
      CHECK(false) << "a float format has no integers";
  }
  result.scale[0] = result.scale[1] = scale;
  return result;
}

void ReadFloatBlock(PanelFormat format, const uint8_t* panel, int64_t block,
                    int lane, float* output) {
  const uint8_t* data = BlockAt(Geometry(format), panel, block);
  for (int i = 0; i < kPanelColumns; ++i) {
    uint16_t bits = 0;
    switch (format) {
      case PanelFormat::kF32:
        std::memcpy(output + i, data + 4 * (i * kPanelRows + lane), 4);
        break;
      case PanelFormat::kF16:
        std::memcpy(&bits, data + 2 * (i * kPanelRows + lane), 2);
        output[i] = Float16ToFloat(bits);
        break;
      default:  // kBF16, pairs of columns side by side
        std::memcpy(&bits, data + 4 * (i / 2 * kPanelRows + lane) + 2 * (i % 2),
                    2);
        output[i] = BFloat16ToFloat(bits);
    }
  }
}

void DequantizePanelBlock(PanelFormat format, const uint8_t* panel,
                          int64_t block, int lane, float* output) {
  if (Geometry(format).activations != ActivationKind::kInt8) {
    ReadFloatBlock(format, panel, block, lane, output);
    return;
  }
  const IntegerBlock values = ReadIntegerBlock(format, panel, block, lane);
  for (int i = 0; i < kPanelColumns; ++i) {
    output[i] =
        values.scale[i / 16] * static_cast<float>(values.q[i]) + values.min;
  }
}

}  // namespace tessera::kernels
