// Chains and their payloads for tests of clients.
#pragma once

#include <memory>
#include <string>

#include "services/prefix_cache/client/prefix_cache_client.h"
#include "services/prefix_cache/test_blocks.h"

namespace tessera::prefix_cache {

inline constexpr int kTestBlockTokens = 4;

inline std::shared_ptr<Chain> ChainOf(size_t length, int64_t payload_bytes,
                                      const std::string& salt = "") {
  kv_cache::PrefixHasher hasher(
      "key", {.block_tokens = kTestBlockTokens, .salt = salt});
  auto chain = std::make_shared<Chain>();
  chain->root = hasher.root();
  chain->block_tokens = kTestBlockTokens;
  chain->payload_bytes = payload_bytes;
  for (size_t i = 0; i < length * kTestBlockTokens; ++i) {
    chain->tokens.push_back(i * 7);
  }
  chain->hashes = hasher.Chain(hasher.root(), chain->tokens);
  return chain;
}

inline std::vector<PutPayload> PayloadsOf(const Chain& chain, size_t first,
                                          size_t count) {
  std::vector<PutPayload> payloads;
  for (size_t i = first; i < first + count; ++i) {
    auto bytes = std::make_shared<std::vector<uint8_t>>(
        PayloadOf(i, chain.payload_bytes));
    payloads.push_back({*bytes, bytes});
  }
  return payloads;
}

}  // namespace tessera::prefix_cache
