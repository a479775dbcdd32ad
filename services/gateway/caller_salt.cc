#include "services/gateway/caller_salt.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/options/secret_file.h"

namespace tessera::gateway {
namespace {

constexpr size_t kDrawnSecretBytes = 32;

std::string DrawSecret() {
  std::string secret(kDrawnSecretBytes, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()),
                   static_cast<int>(secret.size())) == 1);
  return secret;
}

// After its length, 64 bits, little-endian.
void AppendPart(absl::string_view part, std::string* message) {
  for (int i = 0; i < 8; ++i) {
    message->push_back(static_cast<char>(uint64_t{part.size()} >> (8 * i)));
  }
  message->append(part.data(), part.size());
}

std::string Mac(absl::string_view secret, absl::string_view message) {
  std::array<uint8_t, 32> mac;
  unsigned int size = 0;
  CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
             reinterpret_cast<const uint8_t*>(message.data()), message.size(),
             mac.data(), &size) != nullptr &&
        size == mac.size());
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(mac.data()), mac.size()));
}

}  // namespace

absl::StatusOr<CallerSalts> CallerSalts::Open(const std::string& secret_file,
                                              bool has_keys) {
  if (secret_file.empty()) {
    return CallerSalts(has_keys ? DrawSecret() : std::string());
  }
  ASSIGN_OR_RETURN(std::string secret, options::ReadSecretFile(secret_file));
  return CallerSalts(std::move(secret));
}

std::string CallerSalts::Of(const Caller& caller,
                            absl::string_view cache_salt) const {
  if (!caller.key.has_value() && cache_salt.empty()) return "";
  absl::string_view key;
  if (caller.key.has_value()) {
    key = absl::string_view(reinterpret_cast<const char*>(caller.key->data()),
                            caller.key->size());
  }
  std::string message;
  AppendPart("tessera caller salt", &message);
  AppendPart(key, &message);
  AppendPart(cache_salt, &message);
  return Mac(secret_, message);
}

}  // namespace tessera::gateway
