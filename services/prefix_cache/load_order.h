// The order in which blocks found on disk are taken into the index.
#pragma once

#include <vector>

#include "services/prefix_cache/disk_tier.h"

namespace tessera::prefix_cache {

struct LoadOrder {
  // Parents before children; otherwise the most recently used first, where a
  // block counts as used as late as any below it.
  std::vector<DiskEntry> entries;
  // Those that no chain of entries joins to their root.
  std::vector<Hash> unreachable;
};

LoadOrder OrderForLoading(std::vector<DiskEntry> entries);

}  // namespace tessera::prefix_cache
