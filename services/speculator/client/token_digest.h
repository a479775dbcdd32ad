// A number for a sequence's beginning, by which two processes find out that
// they remember it differently. Not cryptographic: what a collision costs is
// drafts that are wrong.
#pragma once

#include <cstdint>

#include "absl/types/span.h"

namespace tessera::speculator {

inline constexpr uint64_t kEmptyDigest = 0x7465737365726121;

// Of the tokens of `digest` followed by `tokens`. Each step is a bijection of
// the digest (a multiplication by an odd number, a shift folded in), so that
// one token that differs never cancels.
inline uint64_t ExtendDigest(uint64_t digest,
                             absl::Span<const int32_t> tokens) {
  for (const int32_t token : tokens) {
    digest ^= static_cast<uint32_t>(token);
    digest *= 0x9e3779b97f4a7c15;  // 2^64 over the golden ratio
    digest ^= digest >> 32;
  }
  return digest;
}

}  // namespace tessera::speculator
