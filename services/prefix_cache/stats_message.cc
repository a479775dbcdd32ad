#include "services/prefix_cache/stats_message.h"

namespace tessera::prefix_cache {

v1::StatsResponse ToMessage(const StoreStats& stats) {
  v1::StatsResponse message;
  message.set_memory_bytes(stats.memory_bytes);
  message.set_memory_blocks(stats.memory_blocks);
  message.set_disk_bytes(stats.disk_bytes);
  message.set_disk_blocks(stats.disk_blocks);
  message.set_queue_bytes(stats.queue_bytes);
  message.set_queue_blocks(stats.queue_blocks);
  message.set_num_roots(stats.num_roots);
  message.set_num_matches(stats.num_matches);
  message.set_num_queried_blocks(stats.num_queried_blocks);
  message.set_num_matched_blocks(stats.num_matched_blocks);
  message.set_num_memory_hits(stats.num_memory_hits);
  message.set_num_disk_hits(stats.num_disk_hits);
  message.set_num_misses(stats.num_misses);
  message.set_memory_read_bytes(stats.memory_read_bytes);
  message.set_disk_read_bytes(stats.disk_read_bytes);
  message.set_num_puts(stats.num_puts);
  message.set_put_bytes(stats.put_bytes);
  message.set_num_memory_evictions(stats.num_memory_evictions);
  message.set_num_disk_evictions(stats.num_disk_evictions);
  message.set_num_written(stats.num_written);
  message.set_num_dropped_writes(stats.num_dropped_writes);
  message.set_num_failed_writes(stats.num_failed_writes);
  message.set_num_torn_blocks(stats.num_torn_blocks);
  return message;
}

}  // namespace tessera::prefix_cache
