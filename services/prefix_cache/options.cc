#include "services/prefix_cache/options.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "services/prefix_cache/disk_tier.h"
#include "services/prefix_cache/record.h"

namespace tessera::prefix_cache {
namespace {

constexpr int64_t kMaxBytes = int64_t{1} << 50;

absl::Status CheckRange(absl::string_view name, int64_t value, int64_t min,
                        int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", value, ": must be from ", min, " to ", max));
}

}  // namespace

absl::Status StoreOptions::Validate() const {
  for (const absl::Status& status :
       {CheckRange("memory_bytes", memory_bytes, 0, kMaxBytes),
        CheckRange("disk_bytes", disk_bytes, kMinDiskBytes, kMaxBytes),
        CheckRange("write_queue_bytes", write_queue_bytes, 0, kMaxBytes),
        CheckRange("max_block_bytes", max_block_bytes, kRecordHeaderBytes,
                   kMaxPayloadBytes),
        CheckRange("max_blocks", max_blocks, 1, int64_t{1} << 32)}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void AddStoreFlags(options::Flags* flags, absl::string_view prefix,
                   StoreOptions* options) {
  const int64_t max = std::numeric_limits<int64_t>::max();
  flags->Bytes(absl::StrCat(prefix, "memory"), &options->memory_bytes, 0, max,
               "bytes of blocks kept in memory, such as 4GiB; 0: none");
  flags->Text(absl::StrCat(prefix, "dir"), &options->directory, "DIR",
              "where blocks are kept over restarts; by default nowhere");
  flags->Bytes(absl::StrCat(prefix, "disk"), &options->disk_bytes,
               kMinDiskBytes, max, "bytes of files in that directory");
  flags->Bytes(absl::StrCat(prefix, "write-queue"), &options->write_queue_bytes,
               0, max,
               "bytes of blocks that may wait to be written; more are not");
}

}  // namespace tessera::prefix_cache
