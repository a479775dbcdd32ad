// The store's metrics, read from its Stats at each exposition.
#pragma once

#include "libs/metrics/metrics.h"
#include "services/prefix_cache/store.h"

namespace tessera::prefix_cache {

// tessera_prefix_cache_store_*. `store` outlives the registry's expositions.
void AddStoreMetrics(metrics::Registry* registry, const Store* store);

}  // namespace tessera::prefix_cache
