// Whether bytes are the block that was asked for.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "services/prefix_cache/client/chain.h"
#include "services/prefix_cache/client/prefix_cache_client.h"

namespace tessera::prefix_cache {

// The payload of `block` in a record that came in pieces. DataLoss: its size,
// checksum, root, parent or tokens are not the chain's. So a collision of
// hashes is a miss as well.
absl::StatusOr<Payload> CheckBlock(const Chain& chain, size_t block,
                                   absl::Span<const ByteSpan> pieces);

}  // namespace tessera::prefix_cache
