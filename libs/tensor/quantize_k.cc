#include "libs/tensor/quantize_k.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "libs/tensor/float16.h"

namespace tessera {
namespace {

// Rounds to nearest within [low, high]; NaN becomes `low`.
int RoundWithin(float x, int low, int high) {
  if (!(x > static_cast<float>(low))) return low;
  if (x >= static_cast<float>(high)) return high;
  return static_cast<int>(std::nearbyint(x));
}

float Inverse(float d) { return d == 0 ? 0 : 1 / d; }

constexpr int kNumGroups = 8;

// The header of a Q4_K or Q5_K block, and what its bits decode to.
struct GroupScales {
  uint16_t d;
  uint16_t dmin;
  uint8_t packed[12] = {};
  float scale[kNumGroups];  // as a reader decodes them: elements are rounded
  float min[kNumGroups];    // against these
};

// A group spans [-min, steps * scale - min]; its minimum is never above zero.
GroupScales ChooseScales(const float* x, int steps) {
  std::array<float, kNumGroups> scales;
  std::array<float, kNumGroups> mins;
  for (int g = 0; g < kNumGroups; ++g) {
    const auto [low, high] = std::minmax_element(x + g * 32, x + g * 32 + 32);
    mins[g] = -std::min(*low, 0.0f);
    scales[g] = std::max(*high + mins[g], 0.0f) / static_cast<float>(steps);
  }
  const float max_scale = *std::max_element(scales.begin(), scales.end());
  const float max_min = *std::max_element(mins.begin(), mins.end());
  GroupScales result;
  result.d = FloatToFloat16(max_scale / 63);
  result.dmin = FloatToFloat16(max_min / 63);
  const float d = Float16ToFloat(result.d);
  const float dmin = Float16ToFloat(result.dmin);
  for (int g = 0; g < kNumGroups; ++g) {
    const int scale = RoundWithin(scales[g] * Inverse(d), 0, 63);
    const int min = RoundWithin(mins[g] * Inverse(dmin), 0, 63);
    PackScaleAndMin({static_cast<uint8_t>(scale), static_cast<uint8_t>(min)}, g,
                    result.packed);
    result.scale[g] = d * static_cast<float>(scale);
    result.min[g] = dmin * static_cast<float>(min);
  }
  return result;
}

int QuantizeElement(const GroupScales& scales, int i, float x, int steps) {
  const int g = i / 32;
  return RoundWithin((x + scales.min[g]) * Inverse(scales.scale[g]), 0, steps);
}

// Low four bits of each element; see Nibble in dequantize.cc.
void PackNibble(int q, int i, uint8_t* quants) {
  const int group = i / 32;
  quants[group / 2 * 32 + i % 32] |=
      static_cast<uint8_t>((q & 15) << (group % 2 * 4));
}

}  // namespace

void PackScaleAndMin(ScaleAndMin value, int g, uint8_t* scales) {
  if (g < 4) {
    scales[g] |= value.scale;
    scales[g + 4] |= value.min;
    return;
  }
  scales[g + 4] |=
      static_cast<uint8_t>((value.scale & 15) | (value.min & 15) << 4);
  scales[g - 4] |= static_cast<uint8_t>((value.scale >> 4) << 6);
  scales[g] |= static_cast<uint8_t>((value.min >> 4) << 6);
}

void QuantizeQ4_K(const float* input, BlockQ4_K& block) {
  const GroupScales scales = ChooseScales(input, 15);
  block = {};
  block.d = scales.d;
  block.dmin = scales.dmin;
  std::memcpy(block.scales, scales.packed, sizeof(block.scales));
  for (int i = 0; i < kSuperBlockElements; ++i) {
    PackNibble(QuantizeElement(scales, i, input[i], 15), i, block.quants);
  }
}

void QuantizeQ5_K(const float* input, BlockQ5_K& block) {
  const GroupScales scales = ChooseScales(input, 31);
  block = {};
  block.d = scales.d;
  block.dmin = scales.dmin;
  std::memcpy(block.scales, scales.packed, sizeof(block.scales));
  for (int i = 0; i < kSuperBlockElements; ++i) {
    const int q = QuantizeElement(scales, i, input[i], 31);
    PackNibble(q, i, block.quants);
    block.high[i % 32] |= static_cast<uint8_t>((q >> 4) << (i / 32));
  }
}

void QuantizeQ6_K(const float* input, BlockQ6_K& block) {
  block = {};
  std::array<float, 16> group_scales;
  for (int g = 0; g < 16; ++g) {
    float extreme = 0;  // becomes -32, the longer side of the six-bit range
    for (int i = g * 16; i < g * 16 + 16; ++i) {
      if (std::fabs(input[i]) > std::fabs(extreme)) extreme = input[i];
    }
    group_scales[g] = extreme / -32;
  }
  float max_scale = 0;
  for (const float s : group_scales) {
    max_scale = std::max(max_scale, std::fabs(s));
  }
  block.d = FloatToFloat16(max_scale / 127);
  const float d = Float16ToFloat(block.d);
  for (int i = 0; i < kSuperBlockElements; ++i) {
    const int scale = RoundWithin(group_scales[i / 16] * Inverse(d), -127, 127);
    block.scales[i / 16] = static_cast<int8_t>(scale);
    const float inverse = Inverse(d * static_cast<float>(scale));
    const int q = RoundWithin(input[i] * inverse, -32, 31) + 32;
    const int half = i / 128;
    const int quarter = i % 128 / 32;
    block.low[half * 64 + i % 64] |=
        static_cast<uint8_t>((q & 15) << (quarter < 2 ? 0 : 4));
    block.high[half * 32 + i % 32] |=
        static_cast<uint8_t>((q >> 4) << (2 * quarter));
  }
}

}  // namespace tessera
