// How a DiskEntry is kept: 96 bytes with a checksum of their own.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/prefix_cache/disk_tier.h"

namespace tessera::prefix_cache {

std::string EncodeDiskEntry(const DiskEntry& entry);

// `key`: 'i' and the hash. DataLoss: it is not what was encoded under it.
absl::StatusOr<DiskEntry> DecodeDiskEntry(absl::string_view key,
                                          absl::string_view value);

}  // namespace tessera::prefix_cache
