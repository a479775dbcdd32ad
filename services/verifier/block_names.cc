#include "services/verifier/block_names.h"

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"

namespace tessera::verifier {
namespace {

using kv_cache::PrefixDigest;

// Of a salt behind public blocks. The digest's length is fixed, so that no two
// pairs are the same text.
PrefixDigest RootBehind(kv_cache::PrefixHasher& hasher, absl::string_view salt,
                        const PrefixDigest& before) {
  const absl::string_view digest(reinterpret_cast<const char*>(before.data()),
                                 before.size());
  return hasher.RootOf(absl::StrCat("behind ", digest, salt));
}

}  // namespace

BlockNames::BlockNames(kv_cache::PrefixHasher& hasher, absl::string_view salt,
                       int64_t num_public_blocks)
    : root_(hasher.RootOf(num_public_blocks > 0 ? "" : salt)),
      salt_(salt),
      num_public_blocks_(num_public_blocks) {}

void BlockNames::Extend(kv_cache::PrefixHasher& hasher, int block_tokens,
                        absl::Span<const int32_t> tokens) {
  CHECK(tokens.size() % block_tokens == 0) << tokens.size() << " tokens";
  for (size_t i = hashes_.size(); i < tokens.size() / block_tokens; ++i) {
    PrefixDigest parent = i == 0 ? root_ : hashes_[i - 1];
    if (i > 0 && i == num_public_blocks_ && !salt_.empty()) {
      parent = RootBehind(hasher, salt_, parent);
    }
    hashes_.push_back(
        hasher.Next(parent, tokens.subspan(i * block_tokens, block_tokens)));
  }
}

}  // namespace tessera::verifier
