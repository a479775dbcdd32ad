// Philox4x32-10: four random words from a counter and a key, with no state.
//
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011; the test holds the known answers published with it.
#pragma once

#include <array>
#include <cstdint>

namespace tessera::sampling {

using PhiloxBlock = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

// The last counter word keeps the uses of one seed apart.
inline constexpr uint32_t kGumbelHighStream = 0;
inline constexpr uint32_t kGumbelLowStream = 1;
inline constexpr uint32_t kChoiceStream = 2;
inline constexpr uint32_t kUniformStream = 3;

PhiloxBlock Philox4x32(PhiloxBlock counter, PhiloxKey key);

}  // namespace tessera::sampling
