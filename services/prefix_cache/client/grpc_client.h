// A PrefixCacheClient of a store behind an address.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/rpc/tls.h"
#include "services/prefix_cache/client/prefix_cache_client.h"

namespace tessera::prefix_cache {

struct GrpcClientOptions {
  rpc::TlsOptions tls;
  // Shared by all who share blocks: what is put is sealed with it, and what is
  // got has to be. Empty: blocks of whoever can reach the store are believed.
  std::string secret;
};

// Its destructor waits for calls that have not ended, so it does not run in a
// callback of theirs. Connects in its own time; calls before that fail with
// Unavailable. Errors as rpc::ClientCredentials'.
absl::StatusOr<std::unique_ptr<PrefixCacheClient>> CreateGrpcClient(
    const std::string& address, const GrpcClientOptions& options = {});

}  // namespace tessera::prefix_cache
