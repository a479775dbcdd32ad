#include "services/prefix_cache/store_metrics.h"

#include <memory>
#include <vector>

namespace tessera::prefix_cache {
namespace {

struct Row {
  const char* name;  // behind "tessera_prefix_cache_store_"
  const char* help;
  metrics::Labels labels;
  int64_t StoreStats::*value;
};

const metrics::Labels kMemory = {{"tier", "memory"}};
const metrics::Labels kDisk = {{"tier", "disk"}};

std::vector<Row> Gauges() {
  using S = StoreStats;
  return {
      {"bytes", "Bytes of blocks stored.", kMemory, &S::memory_bytes},
      {"bytes", "Bytes of blocks stored.", kDisk, &S::disk_bytes},
      {"blocks", "Blocks stored.", kMemory, &S::memory_blocks},
      {"blocks", "Blocks stored.", kDisk, &S::disk_blocks},
      {"write_queue_bytes",
       "Bytes that wait to be written.",
       {},
       &S::queue_bytes},
      {"roots", "Namespaces that have blocks.", {}, &S::num_roots},
  };
}

std::vector<Row> Counters() {
  using S = StoreStats;
  return {
      {"matches_total", "Chains matched.", {}, &S::num_matches},
      {"queried_blocks_total",
       "Blocks of chains to match.",
       {},
       &S::num_queried_blocks},
      {"matched_blocks_total",
       "Blocks of chains that were stored.",
       {},
       &S::num_matched_blocks},
      {"hits_total", "Blocks got.", kMemory, &S::num_memory_hits},
      {"hits_total", "Blocks got.", kDisk, &S::num_disk_hits},
      {"misses_total",
       "Blocks asked for that were not stored.",
       {},
       &S::num_misses},
      {"read_bytes_total", "Bytes of blocks got.", kMemory,
       &S::memory_read_bytes},
      {"read_bytes_total", "Bytes of blocks got.", kDisk, &S::disk_read_bytes},
      {"puts_total", "New blocks put.", {}, &S::num_puts},
      {"put_bytes_total", "Bytes of new blocks.", {}, &S::put_bytes},
      {"evictions_total", "Blocks that made room for others.", kMemory,
       &S::num_memory_evictions},
      {"evictions_total", "Blocks that made room for others.", kDisk,
       &S::num_disk_evictions},
      {"written_total", "Blocks written to disk.", {}, &S::num_written},
      {"dropped_writes_total",
       "Blocks not written: the queue or the disk was full.",
       {},
       &S::num_dropped_writes},
      {"failed_writes_total",
       "Batches that the disk refused.",
       {},
       &S::num_failed_writes},
      {"torn_blocks_total",
       "Damaged blocks found, and deleted.",
       {},
       &S::num_torn_blocks},
  };
}

std::string NameOf(const Row& row) {
  return std::string("tessera_prefix_cache_store_") + row.name;
}

}  // namespace

void AddStoreMetrics(metrics::Registry* registry, const Store* store) {
  std::vector<std::function<void(const StoreStats&)>> updates;
  for (const Row& row : Gauges()) {
    metrics::Gauge& gauge =
        registry->AddGauge(NameOf(row), row.help, row.labels);
    updates.push_back([&gauge, value = row.value](const StoreStats& stats) {
      gauge.Set(stats.*value);
    });
  }
  for (const Row& row : Counters()) {
    metrics::Counter& counter =
        registry->AddCounter(NameOf(row), row.help, row.labels);
    updates.push_back([&counter, value = row.value,
                       last = int64_t{0}](const StoreStats& stats) mutable {
      counter.Add(stats.*value - last);
      last = stats.*value;
    });
  }
  registry->OnCollect([store, updates = std::move(updates)]() mutable {
    const StoreStats stats = store->Stats();
    for (auto& update : updates) update(stats);
  });
}

}  // namespace tessera::prefix_cache
