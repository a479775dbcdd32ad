// Two uniform numbers of one position, for whoever needs chance beside a
// token's own Gumbel noise (the rejection rule of libs/speculation).
#pragma once

#include <cstdint>

namespace tessera::sampling {

// In [0, 1), multiples of 2^-53.
struct UniformPair {
  double first = 0;
  double second = 0;
};

// A pure function of (seed, position): one Philox block, whose counter is
// (position, position >> 32, 0, kUniformStream). Independent of the Gumbel
// noise of the same seed, and of every other position's.
UniformPair UniformNoise(uint64_t seed, uint64_t position);

}  // namespace tessera::sampling
