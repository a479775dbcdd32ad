#include "libs/tensor/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "libs/base/check.h"
#include "libs/tensor/block_formats.h"
#include "libs/tensor/float16.h"
#include "libs/tensor/quantize_k.h"

namespace tessera {
namespace {

float Inverse(float d) { return d == 0 ? 0 : 1 / d; }

// Toward zero, within [0, max]; NaN becomes zero.
int TruncateTo(float x, int max) {
  if (!(x > 0)) return 0;
  return x >= static_cast<float>(max) ? max : static_cast<int>(x);
}

// The element farthest from zero, the first of equals, with its sign.
float SignedExtreme(const float* x) {
  float extreme = 0;
  for (int i = 0; i < kBlockElements; ++i) {
    if (std::fabs(x[i]) > std::fabs(extreme)) extreme = x[i];
  }
  return extreme;
}

// One scale: quants[i] = x[i] / d + 2^(bits - 1), where the extreme becomes 0.
uint16_t QuantizeSymmetric(const float* x, int bits, int* quants) {
  const int half = 1 << (bits - 1);
  const float d = SignedExtreme(x) / static_cast<float>(-half);
  const float inverse = Inverse(d);
  for (int i = 0; i < kBlockElements; ++i) {
    const float shifted = x[i] * inverse + (static_cast<float>(half) + 0.5f);
    quants[i] = TruncateTo(shifted, 2 * half - 1);
  }
  return FloatToFloat16(d);
}

struct ScaleAndOffset {
  uint16_t d;
  uint16_t m;
};

// A scale and an offset: quants[i] = (x[i] - min) / d.
ScaleAndOffset QuantizeAffine(const float* x, int bits, int* quants) {
  const auto [min, max] = std::minmax_element(x, x + kBlockElements);
  const int steps = (1 << bits) - 1;
  const float d = (*max - *min) / static_cast<float>(steps);
  const float inverse = Inverse(d);
  for (int i = 0; i < kBlockElements; ++i) {
    quants[i] = TruncateTo((x[i] - *min) * inverse + 0.5f, steps);
  }
  return {FloatToFloat16(d), FloatToFloat16(*min)};
}

void PackNibbles(const int* quants, uint8_t* bytes) {
  for (int i = 0; i < 16; ++i) {
    bytes[i] =
        static_cast<uint8_t>((quants[i] & 15) | (quants[i + 16] & 15) << 4);
  }
}

void PackFifthBits(const int* quants, uint8_t* high) {
  std::memset(high, 0, 4);
  for (int i = 0; i < kBlockElements; ++i) {
    high[i / 8] |= static_cast<uint8_t>((quants[i] >> 4) << (i % 8));
  }
}

void Quantize(const float* x, BlockQ4_0& block) {
  int quants[kBlockElements];
  block.d = QuantizeSymmetric(x, 4, quants);
  PackNibbles(quants, block.quants);
}

void Quantize(const float* x, BlockQ4_1& block) {
  int quants[kBlockElements];
  const auto [d, m] = QuantizeAffine(x, 4, quants);
  block.d = d;
  block.m = m;
  PackNibbles(quants, block.quants);
}

void Quantize(const float* x, BlockQ5_0& block) {
  int quants[kBlockElements];
  block.d = QuantizeSymmetric(x, 5, quants);
  PackNibbles(quants, block.quants);
  PackFifthBits(quants, block.high);
}

void Quantize(const float* x, BlockQ5_1& block) {
  int quants[kBlockElements];
  const auto [d, m] = QuantizeAffine(x, 5, quants);
  block.d = d;
  block.m = m;
  PackNibbles(quants, block.quants);
  PackFifthBits(quants, block.high);
}

void Quantize(const float* x, BlockQ8_0& block) {
  const float d = std::fabs(SignedExtreme(x)) / 127;
  const float inverse = Inverse(d);
  block.d = FloatToFloat16(d);
  for (int i = 0; i < kBlockElements; ++i) {
    const float q = std::round(x[i] * inverse);
    block.quants[i] =
        static_cast<int8_t>(std::isnan(q) ? 0 : std::clamp(q, -127.f, 127.f));
  }
}

void Quantize(const float* x, BlockQ4_K& block) { QuantizeQ4_K(x, block); }
void Quantize(const float* x, BlockQ5_K& block) { QuantizeQ5_K(x, block); }
void Quantize(const float* x, BlockQ6_K& block) { QuantizeQ6_K(x, block); }

template <typename Block>
void QuantizeBlocks(const float* input, int64_t num_elements,
                    int block_elements, void* output) {
  auto* bytes = static_cast<uint8_t*>(output);
  for (int64_t i = 0; i < num_elements; i += block_elements) {
    Block block;
    Quantize(input + i, block);
    std::memcpy(bytes, &block, sizeof(block));
    bytes += sizeof(block);
  }
}

template <typename Convert>
void ConvertElements(const float* input, int64_t num_elements, Convert convert,
                     void* output) {
  for (int64_t i = 0; i < num_elements; ++i) {
    const uint16_t bits = convert(input[i]);
    std::memcpy(static_cast<uint8_t*>(output) + 2 * i, &bits, sizeof(bits));
  }
}

}  // namespace

bool CanQuantizeTo(DType dtype) {
  return dtype != DType::kI8 && dtype != DType::kI32;
}

void QuantizeRow(DType dtype, const float* input, int64_t num_elements,
                 void* output) {
  CHECK(num_elements >= 0 && num_elements % Traits(dtype).block_elements == 0)
      << num_elements << " elements of " << DTypeName(dtype);
  const int64_t n = num_elements;
  switch (dtype) {
    case DType::kF32:
      if (n > 0) std::memcpy(output, input, n * sizeof(float));
      return;
    case DType::kF16:
      return ConvertElements(input, n, FloatToFloat16, output);
    case DType::kBF16:
      return ConvertElements(input, n, FloatToBFloat16, output);
    case DType::kQ4_0:
      return QuantizeBlocks<BlockQ4_0>(input, n, kBlockElements, output);
    case DType::kQ4_1:
      return QuantizeBlocks<BlockQ4_1>(input, n, kBlockElements, output);
    case DType::kQ5_0:
      return QuantizeBlocks<BlockQ5_0>(input, n, kBlockElements, output);
    case DType::kQ5_1:
      return QuantizeBlocks<BlockQ5_1>(input, n, kBlockElements, output);
    case DType::kQ8_0:
      return QuantizeBlocks<BlockQ8_0>(input, n, kBlockElements, output);
    case DType::kQ4_K:
      return QuantizeBlocks<BlockQ4_K>(input, n, kSuperBlockElements, output);
    case DType::kQ5_K:
      return QuantizeBlocks<BlockQ5_K>(input, n, kSuperBlockElements, output);
    case DType::kQ6_K:
      return QuantizeBlocks<BlockQ6_K>(input, n, kSuperBlockElements, output);
    case DType::kI8:
    case DType::kI32:
      break;
  }
  CHECK(false) << "nothing quantizes to " << DTypeName(dtype);
}

}  // namespace tessera
