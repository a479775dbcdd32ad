// The two sizes on which the cache's layout and every bit of a result depend.
#pragma once

namespace tessera::attention {

// Tokens of a cache block.
inline constexpr int kKvBlockTokens = 32;

// Keys of one partial softmax: a constant of the algorithm, never of a device.
inline constexpr int kChunkKeys = 256;
inline constexpr int kChunkBlocks = kChunkKeys / kKvBlockTokens;

}  // namespace tessera::attention
