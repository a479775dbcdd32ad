// Names of prefixes: a digest for each block of a sequence that covers all that
// its keys and values depend on.
//
//   root = MAC(key, identity: model, RoPE, quantization, ..., salt)
//   h[0] = MAC(key, root, tokens of block 0)
//   h[i] = MAC(key, h[i-1], tokens of block i)
//
//   PrefixHasher hasher(key, identity);
//   std::vector<PrefixDigest> chain = hasher.Chain(hasher.root(), tokens);
//   ...                                          // the sequence grows by a
//   block chain.push_back(hasher.Next(chain.back(), its_tokens));
//
// MAC is HMAC-SHA256: nobody without the key can find two prefixes of one name.
// What is hashed begins with what it is (a root, a block), and every part of a
// variable length follows its length, so that two different inputs are never
// the same bytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tessera::kv_cache {

using PrefixDigest = std::array<uint8_t, 32>;

// What the keys and values of given tokens depend on, and who may share them.
// Texts are compared as bytes; what each holds is the model's business.
struct PrefixIdentity {
  std::string model_fingerprint;  // of the weights and the configuration
  std::string rope;               // base, scaling, dimensions
  std::string quantization;       // of the weights as computed with
  std::string kv_dtype;
  int32_t block_tokens = 0;    // B
  int32_t layout_version = 0;  // of a block's bytes
  std::string salt;            // other salts share nothing
};

// The bytes that a root is the MAC of.
std::string EncodePrefixIdentity(const PrefixIdentity& identity);

// One thread at a time. A block of 32 tokens takes 0.3 us.
class PrefixHasher {
 public:
  // key: a secret that all who share blocks have; any length.
  // CHECK: block_tokens is positive.
  PrefixHasher(absl::string_view key, const PrefixIdentity& identity);
  ~PrefixHasher();
  PrefixHasher(PrefixHasher&&) noexcept;
  PrefixHasher& operator=(PrefixHasher&&) noexcept;

  // The parent of first blocks.
  const PrefixDigest& root() const { return root_; }

  // The root under another salt, all else equal.
  PrefixDigest RootOf(absl::string_view salt);

  // The block with these tokens behind the prefix named `parent`.
  // CHECK: there are B tokens.
  PrefixDigest Next(const PrefixDigest& parent,
                    absl::Span<const int32_t> tokens);

  // Of every whole block of `tokens`, the first one's parent being `parent`.
  std::vector<PrefixDigest> Chain(const PrefixDigest& parent,
                                  absl::Span<const int32_t> tokens);

 private:
  struct Mac;

  PrefixIdentity identity_;
  std::unique_ptr<Mac> mac_;
  PrefixDigest root_;
};

}  // namespace tessera::kv_cache
