// StoreAccess: the store that a process asks, by flags: one in the process
// itself, one behind an address, or none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/metrics/metrics.h"
#include "libs/options/flags.h"
#include "libs/rpc/tls.h"
#include "services/prefix_cache/client/guarded_client.h"
#include "services/prefix_cache/client/prefix_cache_client.h"
#include "services/prefix_cache/options.h"

namespace tessera::prefix_cache {

class Store;

struct StoreAccessOptions {
  bool caching = true;  // false: nothing is cached, in the engine neither
  std::string address;  // of a store elsewhere; empty: none
  rpc::TlsOptions tls;  // towards it
  // Shared by all who share blocks: keys their names and seals them. Empty: a
  // fixed key that anybody knows, and whoever can write to the store is
  // believed.
  std::string secret_file;
  // In this process, if it has memory or a directory.
  StoreOptions local = {.memory_bytes = 0};

  bool has_local() const {
    return local.memory_bytes > 0 || !local.directory.empty();
  }
  // InvalidArgument, naming the flags that contradict each other.
  absl::Status Validate() const;
};

// Declares --prefix-cache, --prefix-cache-memory, -dir, -disk, -write-queue,
// -secret, -tls-certificate, -tls-key, -tls-ca.
void AddStoreAccessFlags(options::Flags* flags, StoreAccessOptions* options);

class StoreAccess {
 public:
  // Errors: options.Validate's, Store::Create's, CreateGrpcClient's, and those
  // of reading the secret. A store elsewhere may be away; a directory that is
  // damaged starts empty. `registry` outlives it.
  static absl::StatusOr<std::unique_ptr<StoreAccess>> Open(
      const StoreAccessOptions& options, metrics::Registry* registry);
  // Waits for calls under way, and until what was put is written. Not in one of
  // their callbacks.
  ~StoreAccess();

  // Null: there is none. Lives as long as this.
  PrefixCacheClient* client() const { return client_.get(); }
  // For kv_cache::PrefixHasher.
  const std::string& key() const { return key_; }

 private:
  StoreAccess() = default;
  absl::Status OpenLocal(const StoreOptions& options,
                         metrics::Registry* registry);
  absl::Status OpenRemote(const StoreAccessOptions& options,
                          const std::string& secret);
  void AddBreakerMetric(metrics::Registry* registry) const;

  std::string key_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<GuardedClient> client_;  // before what it asks
};

}  // namespace tessera::prefix_cache
