#include "libs/sampling/uniform.h"

#include "libs/sampling/philox.h"

namespace tessera::sampling {
namespace {

double FromWords(uint32_t low, uint32_t high) {
  const uint64_t bits = (uint64_t{high} << 32 | low) >> 11;
  return static_cast<double>(bits) * 0x1p-53;
}

}  // namespace

UniformPair UniformNoise(uint64_t seed, uint64_t position) {
  const PhiloxBlock words = Philox4x32(
      {static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32),
       0, kUniformStream},
      {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  return {FromWords(words[0], words[1]), FromWords(words[2], words[3])};
}

}  // namespace tessera::sampling
