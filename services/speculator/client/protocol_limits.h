// Bounds of one call, which the client keeps to and the service holds it to.
#pragma once

#include <cstdint>

namespace tessera::speculator {

inline constexpr int kMaxSequencesPerCall = 1024;
inline constexpr int64_t kMaxTokensPerCall = int64_t{1} << 20;
inline constexpr int kMaxReleasedPerCall = 4096;
inline constexpr int kMaxSaltBytes = 256;

}  // namespace tessera::speculator
