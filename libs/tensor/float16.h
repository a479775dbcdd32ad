// Conversions between float and the two 16-bit formats, on their bits.
//
// Round to nearest, ties to even; NaN stays NaN; half precision overflows to
// infinity and keeps its subnormals. Portable: kernels use instructions instead
// and are tested to agree with these.
#pragma once

#include <bit>
#include <cstdint>

namespace tessera {

inline float BFloat16ToFloat(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

inline uint16_t FloatToBFloat16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) {
    return static_cast<uint16_t>((bits >> 16) | 0x40);  // quiet NaN
  }
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float Float16ToFloat(uint16_t bits);
uint16_t FloatToFloat16(float value);

}  // namespace tessera
