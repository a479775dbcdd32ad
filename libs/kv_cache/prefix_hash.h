// Names of prefixes: a digest for each block of a sequence that covers all that
// its keys and values depend on.
//
//   root = MAC(key, identity: model, RoPE, quantization, ..., salt)
//   h[0] = MAC(key, root, tokens of block 0)
//   h[i] = MAC(key, h[i-1], tokens of block i)
//
// A sequence whose first p blocks are public (every salt's) has those below the
// root of the salt "", and the salt comes in behind them:
//
//   h[p] = MAC(key, MAC(key, root of its salt, h[p-1]), tokens of block p)
//
// So two salts have the public names in common and none behind them, while
// h[p-1] is the block before h[p] as ever: to a store (which knows hashes
// alone) it is one chain below one root. The salt "" is named as if nothing
// were public: nobody else asks for what only it has.
//
//   PrefixHasher hasher(key, identity);
//   std::vector<PrefixDigest> chain = hasher.Chain(hasher.root(), tokens);
//   ...  // the sequence grows by a block
//   chain.push_back(hasher.Next(chain.back(), its_tokens));
//
// MAC is HMAC-SHA256: nobody without the key can find two prefixes of one name.
// What is hashed begins with what it is (a root, a block, a salt), and every
// part of a variable length follows its length, so that two different inputs
// are never the same bytes.
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

// The names of a sequence's whole blocks so far, and the root that the first
// one is below: what services/prefix_cache/client/chain.h asks for.
struct PrefixNames {
  std::string salt;
  int64_t num_public_blocks = 0;  // the first ones
  PrefixDigest root;
  std::vector<PrefixDigest> chain;
};

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

  // What a salt's first own block takes for its parent's name, behind a public
  // block of that name.
  PrefixDigest EnterSalt(absl::string_view salt,
                         const PrefixDigest& last_public);

  // A salt's sequence of which so many blocks are public; none is named yet.
  PrefixNames Begin(absl::string_view salt, int64_t num_public_blocks);
  // Names the whole blocks of `tokens`, all of the sequence so far, that have
  // no name yet.
  void Extend(PrefixNames* names, absl::Span<const int32_t> tokens);

 private:
  struct Mac;

  PrefixIdentity identity_;
  std::unique_ptr<Mac> mac_;
  PrefixDigest root_;
};

}  // namespace tessera::kv_cache
