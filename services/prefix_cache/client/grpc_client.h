// A PrefixCacheClient of a store behind an address.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/rpc/tls.h"
#include "services/prefix_cache/client/prefix_cache_client.h"

namespace tessera::prefix_cache {

// Connects in its own time; calls before that fail with Unavailable. Errors as
// rpc::ClientCredentials'.
absl::StatusOr<std::unique_ptr<PrefixCacheClient>> CreateGrpcClient(
    const std::string& address, const rpc::TlsOptions& tls = {});

}  // namespace tessera::prefix_cache
