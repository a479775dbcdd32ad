// Whether bytes are the block that was asked for.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "services/prefix_cache/client/chain.h"
#include "services/prefix_cache/client/prefix_cache_client.h"
#include "services/prefix_cache/client/sealer.h"

namespace tessera::prefix_cache {

// The payload of `block` in a record that came in pieces. DataLoss: its size,
// checksum, seal, root, parent or tokens are not what they should be. So a
// collision of hashes is a miss as well.
absl::StatusOr<Payload> CheckBlock(const Chain& chain, size_t block,
                                   absl::Span<const ByteSpan> pieces,
                                   const Sealer& sealer);

}  // namespace tessera::prefix_cache
