#include "services/prefix_cache/client/sealer.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "libs/base/check.h"

namespace tessera::prefix_cache {
namespace {

constexpr char kLabel[] = "tessera prefix cache seal";

Hash KeyOf(const std::string& secret, const Hash& hash) {
  std::string message = kLabel;
  message.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  Hash key;
  unsigned int size = 0;
  CHECK(HMAC(EVP_sha256(), secret.data(), secret.size(),
             reinterpret_cast<const uint8_t*>(message.data()), message.size(),
             key.data(), &size) != nullptr &&
        size == key.size());
  return key;
}

// One Poly1305.
class Mac {
 public:
  explicit Mac(const Hash& key)
      : mac_(EVP_MAC_fetch(nullptr, "POLY1305", nullptr)),
        context_(EVP_MAC_CTX_new(mac_)) {
    CHECK(mac_ != nullptr && context_ != nullptr) << "OpenSSL has no Poly1305";
    CHECK(EVP_MAC_init(context_, key.data(), key.size(), nullptr) == 1);
  }
  ~Mac() {
    EVP_MAC_CTX_free(context_);
    EVP_MAC_free(mac_);
  }
  void Add(const void* data, size_t size) {
    CHECK(EVP_MAC_update(context_, static_cast<const uint8_t*>(data), size) ==
          1);
  }
  Seal Result() {
    Seal seal;
    size_t size = 0;
    CHECK(EVP_MAC_final(context_, seal.data(), &size, seal.size()) == 1 &&
          size == seal.size());
    return seal;
  }

 private:
  EVP_MAC* const mac_;
  EVP_MAC_CTX* const context_;
};

}  // namespace

Seal Sealer::Make(const Hash& hash, const Hash& root, const Hash& parent,
                  absl::Span<const int32_t> tokens,
                  absl::Span<const ByteSpan> payload) const {
  if (secret_.empty()) return {};
  uint64_t payload_bytes = 0;
  for (const ByteSpan piece : payload) payload_bytes += piece.size();
  const uint64_t sizes[2] = {tokens.size(), payload_bytes};
  Mac mac(KeyOf(secret_, hash));
  mac.Add(sizes, sizeof(sizes));
  mac.Add(root.data(), root.size());
  mac.Add(parent.data(), parent.size());
  mac.Add(tokens.data(), tokens.size() * sizeof(int32_t));
  for (const ByteSpan piece : payload) mac.Add(piece.data(), piece.size());
  return mac.Result();
}

bool Sealer::IsRight(const Seal& seal, const Hash& hash, const Hash& root,
                     const Hash& parent, absl::Span<const int32_t> tokens,
                     absl::Span<const ByteSpan> payload) const {
  if (secret_.empty()) return true;
  const Seal right = Make(hash, root, parent, tokens, payload);
  return CRYPTO_memcmp(seal.data(), right.data(), right.size()) == 0;
}

}  // namespace tessera::prefix_cache
