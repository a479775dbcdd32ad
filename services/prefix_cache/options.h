// Options of a store, one process's or a part of `tessera serve`.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "libs/options/flags.h"

namespace tessera::prefix_cache {

struct StoreOptions {
  int64_t memory_bytes = int64_t{1} << 30;  // of blocks in memory; 0: none
  std::string directory;                    // empty: no disk tier
  int64_t disk_bytes = int64_t{8} << 30;    // of the files in it
  // Of blocks on their way to disk, in memory beyond memory_bytes.
  int64_t write_queue_bytes = int64_t{256} << 20;
  int64_t max_block_bytes = 64 << 20;  // of one block; larger ones are refused
  int64_t max_blocks = 1 << 20;        // in each tier

  // InvalidArgument, naming the field.
  absl::Status Validate() const;
};

// Declares --PREFIXmemory, --PREFIXdir, --PREFIXdisk, --PREFIXwrite-queue.
void AddStoreFlags(options::Flags* flags, absl::string_view prefix,
                   StoreOptions* options);

}  // namespace tessera::prefix_cache
