// CallerSalts: what keeps callers' cached blocks apart, so that nobody learns
// from a shared cache what others asked.
//
//   salt = HMAC-SHA256(secret, label, the API key's digest, cache_salt) in hex
//
// Each part follows its length, and callers without a key have an empty one: no
// choice of cache_salt makes another caller's salt. Gateways with the same
// secret and the same keys make the same salts.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/gateway/api_keys.h"

namespace tessera::gateway {

class CallerSalts {
 public:
  // Of the file's secret. With no file: where callers have keys, a secret that
  // is drawn now, which ends with this process; where they have none, no
  // secret, so that a cache_salt finds its blocks after a restart.
  // Errors: options::ReadSecretFile's.
  static absl::StatusOr<CallerSalts> Open(const std::string& secret_file,
                                          bool has_keys);

  explicit CallerSalts(std::string secret) : secret_(std::move(secret)) {}

  // Of requests with this cache_salt, empty: none. Without a key and without
  // one it is empty: they all share.
  std::string Of(const Caller& caller, absl::string_view cache_salt) const;

 private:
  std::string secret_;
};

}  // namespace tessera::gateway
