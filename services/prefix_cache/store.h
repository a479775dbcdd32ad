// Store: blocks by their hash, in memory and on disk. Knows nothing of models.
//
//   Put ──► memory ──(queue, one writer thread)──► disk
//   Find ◄─ memory ◄──────(a hit promotes)──────── disk ◄─ Read
//
// A block is stored below its parent or not at all; each tier lets go of least
// recently used leaves (block_index.h). Writing never holds up who puts: where
// the queue is full, or the disk is, a block stays in memory alone and the drop
// is counted. What reads back damaged is a miss, and is deleted with all below.
//
// Thread-safe. Only Read, ReadFromDisk and the destructor wait for the disk.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/prefix_cache/block_index.h"
#include "services/prefix_cache/client/chain.h"
#include "services/prefix_cache/disk_tier.h"
#include "services/prefix_cache/options.h"
#include "services/prefix_cache/record.h"

namespace tessera::prefix_cache {

// Since the start, unless it says otherwise.
struct StoreStats {
  // Now.
  int64_t memory_bytes = 0;
  int64_t memory_blocks = 0;
  int64_t disk_bytes = 0;
  int64_t disk_blocks = 0;
  int64_t queue_bytes = 0;
  int64_t queue_blocks = 0;
  int64_t num_roots = 0;

  int64_t num_matches = 0;
  int64_t num_queried_blocks = 0;
  int64_t num_matched_blocks = 0;
  int64_t num_memory_hits = 0;  // blocks got
  int64_t num_disk_hits = 0;
  int64_t num_misses = 0;
  int64_t memory_read_bytes = 0;
  int64_t disk_read_bytes = 0;
  int64_t num_puts = 0;  // new blocks
  int64_t put_bytes = 0;
  int64_t num_memory_evictions = 0;
  int64_t num_disk_evictions = 0;
  int64_t num_written = 0;
  int64_t num_dropped_writes = 0;  // the queue or the disk was full
  int64_t num_failed_writes = 0;   // batches
  int64_t num_torn_blocks = 0;     // damaged, found when read
};

enum class PutOutcome : uint8_t {
  kStored,
  kPresent,   // it was there
  kNoParent,  // what it hangs from is not stored
  kNoRoom,    // neither tier takes it now
  kTooLarge,
};

class Store {
 public:
  // Keeps a block in its tiers as long as it lives; not longer than the store.
  class Lease {
   public:
    Lease() = default;
    Lease(Store* store, const Hash& hash, uint64_t id)
        : store_(store), hash_(hash), id_(id) {}
    Lease(Lease&& other) noexcept { *this = std::move(other); }
    Lease& operator=(Lease&& other) noexcept {
      std::swap(store_, other.store_);
      std::swap(hash_, other.hash_);
      std::swap(id_, other.id_);
      return *this;
    }
    ~Lease() {
      if (store_ != nullptr) store_->Release(hash_, id_);
    }

    const Hash& hash() const { return hash_; }
    uint64_t id() const { return id_; }

   private:
    Store* store_ = nullptr;
    Hash hash_ = {};
    uint64_t id_ = 0;
  };

  // A stored block, and the right to read it.
  struct Found {
    RecordPtr record;  // null: on disk, see Read
    Lease lease;
  };

  // Unavailable, InvalidArgument: see DiskTier::Open, StoreOptions::Validate.
  static absl::StatusOr<std::unique_ptr<Store>> Create(
      const StoreOptions& options);
  // Writes what waits to be written.
  ~Store();

  MatchedBlocks Match(const Hash& root, absl::Span<const Hash> chain);

  // Nullopt: a miss. Never waits.
  std::optional<Found> Find(const Hash& hash);
  // Of a block found on disk: the block with its record, or a miss.
  std::optional<Found> ReadFromDisk(Found found);
  // Find, and ReadFromDisk if need be.
  std::optional<Found> Read(const Hash& hash);

  PutOutcome Put(const RecordPtr& record);

  // Removes what is below a root, or everything. Returns the number of blocks.
  int64_t Evict(const Hash& root);
  int64_t EvictAll();

  StoreStats Stats() const;
  // Returns when all that was put so far is written or dropped, and all that
  // was evicted is deleted, unless the disk is broken.
  void WaitUntilWritten();
  // Whether the disk tier had to start anew.
  bool disk_was_damaged() const { return disk_ && disk_->was_damaged(); }
  int64_t max_block_bytes() const { return options_.max_block_bytes; }

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Node = BlockIndex::Node;

  struct QueuedWrite {
    Hash hash;
    uint64_t id;
    int64_t bytes;
  };
  // A block that is being written; what it hangs from is leased.
  struct Write {
    Hash hash;
    uint64_t id;
    Lease parent;
  };

  Store(const StoreOptions& options, std::unique_ptr<DiskTier> disk);
  void LoadFromDisk();
  void Release(const Hash& hash, uint64_t id);
  void Used(Node* node);
  void Queue(Node* node, const RecordPtr& record);

  // The writer's thread (store_writer.cc).
  void RunWriter();
  bool HasWork() const;
  std::vector<Write> TakeBatch(DiskTier::Batch* batch);
  bool MayBeWritten(const Node& node, const std::vector<Write>& before) const;
  void TakeUses(DiskTier::Batch* batch);
  absl::Status WriteOut(const DiskTier::Batch& batch);
  void FinishBatch(const DiskTier::Batch& batch, absl::Span<const Write> writes,
                   bool is_written);
  void WriteSome(Lock* lock);
  void ReclaimFiles();

  const StoreOptions options_;
  const std::unique_ptr<DiskTier> disk_;  // null: none

  mutable std::mutex mutex_;
  // All below by mutex_.
  BlockIndex index_;
  std::deque<QueuedWrite> queue_;
  int64_t queue_bytes_ = 0;
  std::vector<Hash> deletions_;     // to be made on disk, before any write
  absl::flat_hash_set<Hash> used_;  // on disk, used since that was written
  absl::Time next_uses_;            // when their use is written
  absl::Time broken_until_;         // nothing is written before
  bool is_broken_ = false;          // the last write failed
  bool is_writing_ = false;
  bool is_stopping_ = false;
  StoreStats stats_;
  std::condition_variable has_work_;
  std::condition_variable is_idle_;

  std::thread writer_;  // not joinable without a disk
};

}  // namespace tessera::prefix_cache
