#include "libs/tensor/dequantize.h"

#include <cstring>

#include "libs/base/check.h"
#include "libs/tensor/block_formats.h"
#include "libs/tensor/float16.h"

namespace tessera {
namespace {

void Dequantize(const BlockQ4_0& block, float* output) {
  const float d = Float16ToFloat(block.d);
  for (int i = 0; i < 16; ++i) {
    output[i] = d * static_cast<float>((block.quants[i] & 15) - 8);
    output[i + 16] = d * static_cast<float>((block.quants[i] >> 4) - 8);
  }
}

void Dequantize(const BlockQ4_1& block, float* output) {
  const float d = Float16ToFloat(block.d);
  const float m = Float16ToFloat(block.m);
  for (int i = 0; i < 16; ++i) {
    output[i] = d * static_cast<float>(block.quants[i] & 15) + m;
    output[i + 16] = d * static_cast<float>(block.quants[i] >> 4) + m;
  }
}

// Element i of a five-bit block: its nibble, and its fifth bit from `high`.
template <typename Block>
int FiveBits(const Block& block, int i) {
  const int nibble = i < 16 ? block.quants[i] & 15 : block.quants[i - 16] >> 4;
  return nibble | ((block.high[i / 8] >> (i % 8)) & 1) << 4;
}

void Dequantize(const BlockQ5_0& block, float* output) {
  const float d = Float16ToFloat(block.d);
  for (int i = 0; i < 32; ++i) {
    output[i] = d * static_cast<float>(FiveBits(block, i) - 16);
  }
}

void Dequantize(const BlockQ5_1& block, float* output) {
  const float d = Float16ToFloat(block.d);
  const float m = Float16ToFloat(block.m);
  for (int i = 0; i < 32; ++i) {
    output[i] = d * static_cast<float>(FiveBits(block, i)) + m;
  }
}

void Dequantize(const BlockQ8_0& block, float* output) {
  const float d = Float16ToFloat(block.d);
  for (int i = 0; i < 32; ++i) {
    output[i] = d * static_cast<float>(block.quants[i]);
  }
}

// Groups 2j and 2j+1 are the low and the high nibbles of the same 32 bytes.
int Nibble(const uint8_t* quants, int group, int i) {
  const uint8_t byte = quants[group / 2 * 32 + i];
  return group % 2 == 0 ? byte & 15 : byte >> 4;
}

void Dequantize(const BlockQ4_K& block, float* output) {
  const float d = Float16ToFloat(block.d);
  const float dmin = Float16ToFloat(block.dmin);
  for (int group = 0; group < 8; ++group) {
    const auto [scale, min] = UnpackScaleAndMin(block.scales, group);
    const float group_d = d * static_cast<float>(scale);
    const float group_min = dmin * static_cast<float>(min);
    for (int i = 0; i < 32; ++i) {
      const int q = Nibble(block.quants, group, i);
      output[group * 32 + i] = group_d * static_cast<float>(q) - group_min;
    }
  }
}

void Dequantize(const BlockQ5_K& block, float* output) {
  const float d = Float16ToFloat(block.d);
  const float dmin = Float16ToFloat(block.dmin);
  for (int group = 0; group < 8; ++group) {
    const auto [scale, min] = UnpackScaleAndMin(block.scales, group);
    const float group_d = d * static_cast<float>(scale);
    const float group_min = dmin * static_cast<float>(min);
    for (int i = 0; i < 32; ++i) {
      const int fifth = (block.high[i] >> group) & 1;
      const int q = Nibble(block.quants, group, i) | fifth << 4;
      output[group * 32 + i] = group_d * static_cast<float>(q) - group_min;
    }
  }
}

// Each half of 128 elements: the four quarters of 32 take, in order, the low
// nibbles of 64 bytes and then their high ones; byte i of `high` holds the
// upper two bits of element i of every quarter.
void Dequantize(const BlockQ6_K& block, float* output) {
  const float d = Float16ToFloat(block.d);
  for (int i = 0; i < kSuperBlockElements; ++i) {
    const int half = i / 128;
    const int quarter = i % 128 / 32;
    const uint8_t byte = block.low[half * 64 + i % 64];
    const int low = quarter < 2 ? byte & 15 : byte >> 4;
    const int high = (block.high[half * 32 + i % 32] >> (2 * quarter)) & 3;
    const float group_d = d * static_cast<float>(block.scales[i / 16]);
    output[i] = group_d * static_cast<float>((low | high << 4) - 32);
  }
}

// Copies each block out before reading it: the row may be unaligned.
template <typename Block>
void DequantizeBlocks(const void* row, int64_t num_elements, int block_elements,
                      float* output) {
  const auto* bytes = static_cast<const uint8_t*>(row);
  for (int64_t i = 0; i < num_elements; i += block_elements) {
    Block block;
    std::memcpy(&block, bytes, sizeof(block));
    bytes += sizeof(block);
    Dequantize(block, output + i);
  }
}

template <typename T, typename Convert>
void ConvertElements(const void* row, int64_t num_elements, Convert convert,
                     float* output) {
  const auto* bytes = static_cast<const uint8_t*>(row);
  for (int64_t i = 0; i < num_elements; ++i) {
    T element;
    std::memcpy(&element, bytes + i * sizeof(T), sizeof(T));
    output[i] = convert(element);
  }
}

template <typename T>
float ToFloat(T value) {
  return static_cast<float>(value);
}

}  // namespace

void DequantizeRow(DType dtype, const void* row, int64_t num_elements,
                   float* output) {
  CHECK(num_elements >= 0 && num_elements % Traits(dtype).block_elements == 0)
      << num_elements << " elements of " << DTypeName(dtype);
  const int64_t n = num_elements;
  switch (dtype) {
    case DType::kF32:
      if (n > 0) std::memcpy(output, row, n * sizeof(float));
      return;
    case DType::kF16:
      return ConvertElements<uint16_t>(row, n, Float16ToFloat, output);
    case DType::kBF16:
      return ConvertElements<uint16_t>(row, n, BFloat16ToFloat, output);
    case DType::kI8:
      return ConvertElements<int8_t>(row, n, ToFloat<int8_t>, output);
    case DType::kI32:
      return ConvertElements<int32_t>(row, n, ToFloat<int32_t>, output);
    case DType::kQ4_0:
      return DequantizeBlocks<BlockQ4_0>(row, n, kBlockElements, output);
    case DType::kQ4_1:
      return DequantizeBlocks<BlockQ4_1>(row, n, kBlockElements, output);
    case DType::kQ5_0:
      return DequantizeBlocks<BlockQ5_0>(row, n, kBlockElements, output);
    case DType::kQ5_1:
      return DequantizeBlocks<BlockQ5_1>(row, n, kBlockElements, output);
    case DType::kQ8_0:
      return DequantizeBlocks<BlockQ8_0>(row, n, kBlockElements, output);
    case DType::kQ4_K:
      return DequantizeBlocks<BlockQ4_K>(row, n, kSuperBlockElements, output);
    case DType::kQ5_K:
      return DequantizeBlocks<BlockQ5_K>(row, n, kSuperBlockElements, output);
    case DType::kQ6_K:
      return DequantizeBlocks<BlockQ6_K>(row, n, kSuperBlockElements, output);
  }
}

}  // namespace tessera
