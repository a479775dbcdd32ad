// StoreStats as the message that tells of them.
#pragma once

#include "proto/prefix_cache.pb.h"
#include "services/prefix_cache/store.h"

namespace tessera::prefix_cache {

v1::StatsResponse ToMessage(const StoreStats& stats);

}  // namespace tessera::prefix_cache
