// BlockNames: the names, in a store, of one sequence's whole blocks.
//
//   no salt    h[i] = next(h[i-1], tokens of block i), from the root of no salt
//   a salt     the same from the salt's own root
//   a salt, and public blocks before (shared_prefixes.h): those are named as
//              without a salt; the first of its own hangs from the last of them
//              in the store, but its name is drawn under the salt:
//              h[p] = next(root of (salt, h[p-1]), tokens of block p)
//
// So public blocks are common to all salts, and nobody without the salt names
// what follows them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/kv_cache/prefix_hash.h"

namespace tessera::verifier {

class BlockNames {
 public:
  BlockNames() = default;
  // hasher: of the served model, with no salt.
  BlockNames(kv_cache::PrefixHasher& hasher, absl::string_view salt,
             int64_t num_public_blocks);

  const kv_cache::PrefixDigest& root() const { return root_; }
  const std::vector<kv_cache::PrefixDigest>& hashes() const { return hashes_; }

  // Names the blocks of `tokens`, of which the first hashes().size() are named.
  // CHECK: tokens are whole blocks.
  void Extend(kv_cache::PrefixHasher& hasher, int block_tokens,
              absl::Span<const int32_t> tokens);

 private:
  kv_cache::PrefixDigest root_ = {};
  std::string salt_;
  int64_t num_public_blocks_ = 0;
  std::vector<kv_cache::PrefixDigest> hashes_;
};

}  // namespace tessera::verifier
