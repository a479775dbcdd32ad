// DiskTier: blocks in a RocksDB database, payloads in blob files.
//
//   key          value
//   'i' hash     root, parent, size, last use, checksum: read at the start
//   'b' hash     the record, checked whole when it is read
//
// A block's two values are written at once. What is damaged reads as DataLoss,
// and a database that does not open is replaced by an empty one: it is a cache.
//
// Read from any thread; one thread at a time for the rest.
#pragma once

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/prefix_cache/block_index.h"
#include "services/prefix_cache/record.h"

namespace rocksdb {
class DB;
}  // namespace rocksdb

namespace tessera::prefix_cache {

inline constexpr int64_t kMinDiskBytes = 16 << 20;

struct DiskOptions {
  std::string directory;                 // created, if need be; its own
  int64_t max_bytes = int64_t{8} << 30;  // of its files; >= kMinDiskBytes
};

// What is known of a block without reading it.
struct DiskEntry {
  Hash hash = {};
  Hash root = {};
  Hash parent = {};
  int64_t record_bytes = 0;
  uint64_t last_used = 0;
};

class DiskTier {
 public:
  struct Batch {
    std::vector<Hash> deletions;  // before the rest
    std::vector<RecordPtr> writes;
    std::vector<DiskEntry> entries;  // of `writes`, and others' last use
  };

  // Unavailable: another process has the directory, or it cannot be written.
  static absl::StatusOr<std::unique_ptr<DiskTier>> Open(
      const DiskOptions& options);
  ~DiskTier();

  // What was in the directory. Once.
  std::vector<DiskEntry> TakeEntries() { return std::move(entries_); }
  // Whether what was there could not be opened, and is gone.
  bool was_damaged() const { return was_damaged_; }

  // All of it or nothing, as far as a process that is killed can tell.
  // Unavailable: the disk is full or broken; then Resume before the next.
  absl::Status Write(const Batch& batch);
  // Opens the database again if nothing less helps.
  absl::Status Resume();

  // NotFound, DataLoss. Unavailable: it could not be opened again, as yet.
  absl::StatusOr<RecordPtr> Read(const Hash& hash) const;

  // Bytes that blocks may take, by BlockIndex' count: the rest of max_bytes is
  // for logs, and for blocks that are deleted but whose files are not.
  int64_t live_limit_bytes() const;
  // Of one record: larger ones would take much of the disk at once.
  int64_t record_limit_bytes() const { return options_.max_bytes / 16; }
  // Records of a batch; the last may go beyond.
  int64_t batch_limit_bytes() const;
  // Of all files, now.
  int64_t FileBytes() const;
  // Whether another batch may take the files over max_bytes.
  bool IsNearLimit() const;
  // Drops files that hold nothing but deleted blocks; `rewrite`: also moves
  // what lives in the oldest quarter of the files into new ones.
  absl::Status Reclaim(bool rewrite);

 private:
  explicit DiskTier(const DiskOptions& options);

  absl::Status LockDirectory();
  absl::Status OpenDatabase();
  absl::Status LoadEntries();
  int64_t buffer_bytes() const;

  const DiskOptions options_;
  int lock_file_ = -1;               // flock-ed
  mutable std::shared_mutex mutex_;  // exclusive: to replace db_
  std::unique_ptr<rocksdb::DB> db_;  // null: it does not open
  std::vector<DiskEntry> entries_;
  bool was_damaged_ = false;
};

}  // namespace tessera::prefix_cache
