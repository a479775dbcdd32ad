#include "libs/kv_cache/prefix_hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstring>
#include <utility>

#include "libs/base/check.h"

namespace tessera::kv_cache {
namespace {

// What the hashed bytes are, their first byte.
constexpr char kRootTag = 'R';
constexpr char kBlockTag = 'B';
constexpr char kSaltTag = 'S';
// Of the encodings of this file: another version shares no names.
constexpr char kEncodingVersion = 1;

void AppendLittleEndian(uint64_t value, int num_bytes, std::string* bytes) {
  for (int i = 0; i < num_bytes; ++i) bytes->push_back(value >> (8 * i));
}

// [field number][length, 8 bytes][bytes]
void AppendField(char number, absl::string_view value, std::string* bytes) {
  bytes->push_back(number);
  AppendLittleEndian(value.size(), 8, bytes);
  bytes->append(value.data(), value.size());
}

void AppendField(char number, int32_t value, std::string* bytes) {
  std::string encoded;
  AppendLittleEndian(static_cast<uint32_t>(value), 4, &encoded);
  AppendField(number, encoded, bytes);
}

const uint8_t* Bytes(const void* data) {
  return static_cast<const uint8_t*>(data);
}

}  // namespace

std::string EncodePrefixIdentity(const PrefixIdentity& identity) {
  std::string bytes = {kRootTag, kEncodingVersion};
  AppendField(1, identity.model_fingerprint, &bytes);
  AppendField(2, identity.rope, &bytes);
  AppendField(3, identity.quantization, &bytes);
  AppendField(4, identity.kv_dtype, &bytes);
  AppendField(5, identity.block_tokens, &bytes);
  AppendField(6, identity.layout_version, &bytes);
  AppendField(7, identity.salt, &bytes);
  return bytes;
}

// A context that keeps its key from one message to the next.
struct PrefixHasher::Mac {
  explicit Mac(absl::string_view key)
      : mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr)),
        context(EVP_MAC_CTX_new(mac)) {
    CHECK(mac != nullptr && context != nullptr) << "OpenSSL has no HMAC";
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    // A null key would mean the one before.
    const char* data = key.empty() ? "" : key.data();
    CHECK(EVP_MAC_init(context, Bytes(data), key.size(), parameters) == 1);
  }
  ~Mac() {
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
  }

  void Begin() { CHECK(EVP_MAC_init(context, nullptr, 0, nullptr) == 1); }
  void Add(const void* data, size_t size) {
    CHECK(EVP_MAC_update(context, Bytes(data), size) == 1);
  }
  PrefixDigest End() {
    PrefixDigest digest;
    size_t size = 0;
    CHECK(EVP_MAC_final(context, digest.data(), &size, digest.size()) == 1 &&
          size == digest.size());
    return digest;
  }

  EVP_MAC* mac;
  EVP_MAC_CTX* context;
};

PrefixHasher::PrefixHasher(absl::string_view key,
                           const PrefixIdentity& identity)
    : identity_(identity), mac_(std::make_unique<Mac>(key)) {
  CHECK(identity.block_tokens > 0) << "block_tokens " << identity.block_tokens;
  root_ = RootOf(identity.salt);
}

PrefixHasher::~PrefixHasher() = default;
PrefixHasher::PrefixHasher(PrefixHasher&&) noexcept = default;
PrefixHasher& PrefixHasher::operator=(PrefixHasher&&) noexcept = default;

PrefixDigest PrefixHasher::RootOf(absl::string_view salt) {
  PrefixIdentity identity = identity_;
  identity.salt = std::string(salt);
  const std::string bytes = EncodePrefixIdentity(identity);
  mac_->Begin();
  mac_->Add(bytes.data(), bytes.size());
  return mac_->End();
}

PrefixDigest PrefixHasher::Next(const PrefixDigest& parent,
                                absl::Span<const int32_t> tokens) {
  CHECK(tokens.size() == identity_.block_tokens) << tokens.size() << " tokens";
  // [tag][version][parent, 32 bytes][number of tokens, 4 bytes]
  char head[2 + sizeof(PrefixDigest) + 4] = {kBlockTag, kEncodingVersion};
  std::memcpy(head + 2, parent.data(), parent.size());
  const uint32_t num_tokens = tokens.size();
  std::memcpy(head + 2 + parent.size(), &num_tokens, sizeof(num_tokens));
  mac_->Begin();
  mac_->Add(head, sizeof(head));
  mac_->Add(tokens.data(), tokens.size() * sizeof(int32_t));
  return mac_->End();
}

std::vector<PrefixDigest> PrefixHasher::Chain(
    const PrefixDigest& parent, absl::Span<const int32_t> tokens) {
  std::vector<PrefixDigest> chain;
  const size_t block_tokens = identity_.block_tokens;
  chain.reserve(tokens.size() / block_tokens);
  PrefixDigest last = parent;
  for (size_t i = 0; i + block_tokens <= tokens.size(); i += block_tokens) {
    last = Next(last, tokens.subspan(i, block_tokens));
    chain.push_back(last);
  }
  return chain;
}

PrefixDigest PrefixHasher::EnterSalt(absl::string_view salt,
                                     const PrefixDigest& last_public) {
  const PrefixDigest root = RootOf(salt);
  // [tag][version][root of the salt, 32 bytes][last public name, 32 bytes]
  const char head[] = {kSaltTag, kEncodingVersion};
  mac_->Begin();
  mac_->Add(head, sizeof(head));
  mac_->Add(root.data(), root.size());
  mac_->Add(last_public.data(), last_public.size());
  return mac_->End();
}

PrefixNames PrefixHasher::Begin(absl::string_view salt,
                                int64_t num_public_blocks) {
  return {.salt = std::string(salt),
          .num_public_blocks = num_public_blocks,
          .root = RootOf(num_public_blocks > 0 ? "" : salt)};
}

void PrefixHasher::Extend(PrefixNames* names,
                          absl::Span<const int32_t> tokens) {
  std::vector<PrefixDigest>& chain = names->chain;
  const size_t block_tokens = identity_.block_tokens;
  while ((chain.size() + 1) * block_tokens <= tokens.size()) {
    PrefixDigest parent = chain.empty() ? names->root : chain.back();
    if (!chain.empty() && chain.size() == names->num_public_blocks &&
        !names->salt.empty()) {
      parent = EnterSalt(names->salt, parent);
    }
    chain.push_back(Next(
        parent, tokens.subspan(chain.size() * block_tokens, block_tokens)));
  }
}

}  // namespace tessera::kv_cache
