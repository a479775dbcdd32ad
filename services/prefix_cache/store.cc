#include "services/prefix_cache/store.h"

#include <utility>

#include "absl/time/clock.h"
#include "libs/base/status_macros.h"
#include "services/prefix_cache/load_order.h"

namespace tessera::prefix_cache {

absl::StatusOr<std::unique_ptr<Store>> Store::Create(
    const StoreOptions& options) {
  RETURN_IF_ERROR(options.Validate());
  std::unique_ptr<DiskTier> disk;
  if (!options.directory.empty()) {
    ASSIGN_OR_RETURN(disk, DiskTier::Open({.directory = options.directory,
                                           .max_bytes = options.disk_bytes}));
  }
  return std::unique_ptr<Store>(new Store(options, std::move(disk)));
}

Store::Store(const StoreOptions& options, std::unique_ptr<DiskTier> disk)
    : options_(options),
      disk_(std::move(disk)),
      index_({options.memory_bytes, options.max_blocks},
             {disk_ == nullptr ? 0 : disk_->live_limit_bytes(),
              options.max_blocks}),
      next_uses_(absl::Now()) {
  if (disk_ == nullptr) return;
  LoadFromDisk();
  writer_ = std::thread([this] { RunWriter(); });
}

Store::~Store() {
  if (!writer_.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_stopping_ = true;
  }
  has_work_.notify_all();
  writer_.join();
}

void Store::LoadFromDisk() {
  LoadOrder order = OrderForLoading(disk_->TakeEntries());
  deletions_ = std::move(order.unreachable);
  for (const DiskEntry& entry : order.entries) {
    const int64_t charge = entry.record_bytes + kBlockOverheadBytes;
    const bool fits =
        entry.record_bytes > 0 &&
        entry.record_bytes <= options_.max_block_bytes &&
        index_.disk_bytes() + charge <= disk_->live_limit_bytes() &&
        index_.num_on_disk() < options_.max_blocks;
    Node* node = fits ? index_.Add(entry.hash, entry.root, entry.parent,
                                   entry.record_bytes)
                      : nullptr;
    if (node == nullptr) {
      deletions_.push_back(entry.hash);
      continue;
    }
    index_.SetOnDisk(node);
    index_.SetLastUsed(node, entry.last_used);
  }
}

void Store::Release(const Hash& hash, uint64_t id) {
  std::lock_guard<std::mutex> lock(mutex_);
  index_.Release(hash, id);
}

void Store::Used(Node* node) {
  if (node->on_disk) used_.insert(node->hash);
}

MatchedBlocks Store::Match(const Hash& root, absl::Span<const Hash> chain) {
  std::lock_guard<std::mutex> lock(mutex_);
  MatchedBlocks matched;
  for (Node* node : index_.Match(root, chain)) {
    Used(node);
    ++matched.num_blocks;
    if (node->memory || node->pending) ++matched.num_in_memory;
  }
  ++stats_.num_matches;
  stats_.num_queried_blocks += chain.size();
  stats_.num_matched_blocks += matched.num_blocks;
  return matched;
}

std::optional<Store::Found> Store::Find(const Hash& hash) {
  std::lock_guard<std::mutex> lock(mutex_);
  Node* node = index_.Find(hash);
  if (node == nullptr) {
    ++stats_.num_misses;
    return std::nullopt;
  }
  index_.Touch(node);
  Used(node);
  index_.Lease(node);
  Found found = {node->memory ? node->memory : node->pending,
                 Lease(this, hash, node->id)};
  if (found.record != nullptr) {
    ++stats_.num_memory_hits;
    stats_.memory_read_bytes += found.record->bytes().size();
  }
  return found;
}

std::optional<Store::Found> Store::Read(const Hash& hash) {
  std::optional<Found> found = Find(hash);
  if (!found.has_value() || found->record != nullptr) return found;
  return ReadFromDisk(*std::move(found));
}

// The mutex is released before the lease, which takes it.
std::optional<Store::Found> Store::ReadFromDisk(Found found) {
  const Hash hash = found.lease.hash();
  const absl::StatusOr<RecordPtr> record = disk_->Read(hash);
  std::lock_guard<std::mutex> lock(mutex_);
  Node* node = index_.Find(hash);
  const bool is_evicted = node == nullptr || node->id != found.lease.id();
  if (is_evicted || absl::IsUnavailable(record.status())) {
    ++stats_.num_misses;
    return std::nullopt;
  }
  if (!record.ok() || (*record)->header().parent != node->parent->hash ||
      (*record)->header().root != node->root->hash) {
    index_.Drop(node, &deletions_);
    ++stats_.num_torn_blocks;
    ++stats_.num_misses;
    has_work_.notify_one();
    return std::nullopt;
  }
  ++stats_.num_disk_hits;
  stats_.disk_read_bytes += (*record)->bytes().size();
  index_.PutInMemory(node, *record);
  found.record = *record;
  return found;
}

PutOutcome Store::Put(const RecordPtr& record) {
  const RecordHeader& header = record->header();
  const int64_t bytes = record->bytes().size();
  if (bytes > options_.max_block_bytes) return PutOutcome::kTooLarge;
  std::lock_guard<std::mutex> lock(mutex_);
  Node* node = index_.Find(record->hash());
  const bool is_new = node == nullptr;
  if (is_new) {
    node = index_.Add(record->hash(), header.root, header.parent, bytes);
    if (node == nullptr) return PutOutcome::kNoParent;
  } else if (node->parent->hash != header.parent ||
             node->root->hash != header.root) {
    return PutOutcome::kPresent;  // another's: what was first stays
  } else {
    index_.Touch(node);
    Used(node);
  }
  index_.PutInMemory(node, record);
  Queue(node, record);
  if (!node->is_stored()) {
    index_.Drop(node, &deletions_);
    return PutOutcome::kNoRoom;
  }
  if (!is_new) return PutOutcome::kPresent;
  ++stats_.num_puts;
  stats_.put_bytes += bytes;
  return PutOutcome::kStored;
}

void Store::Queue(Node* node, const RecordPtr& record) {
  if (disk_ == nullptr || node->on_disk || node->pending) return;
  const int64_t bytes = record->bytes().size();
  if (is_broken_ || bytes > disk_->record_limit_bytes() ||
      queue_bytes_ + bytes > options_.write_queue_bytes) {
    ++stats_.num_dropped_writes;
    return;
  }
  index_.SetPending(node, record);
  queue_.push_back({node->hash, node->id, bytes});
  queue_bytes_ += bytes;
  has_work_.notify_one();
}

int64_t Store::Evict(const Hash& root) {
  std::lock_guard<std::mutex> lock(mutex_);
  const int64_t num_dropped = index_.DropRoot(root, &deletions_);
  has_work_.notify_one();
  return num_dropped;
}

int64_t Store::EvictAll() {
  std::lock_guard<std::mutex> lock(mutex_);
  const int64_t num_dropped = index_.DropAll(&deletions_);
  has_work_.notify_one();
  return num_dropped;
}

StoreStats Store::Stats() const {
  std::lock_guard<std::mutex> lock(mutex_);
  StoreStats stats = stats_;
  stats.memory_bytes = index_.memory_bytes();
  stats.memory_blocks = index_.num_in_memory();
  stats.disk_bytes = index_.disk_bytes();
  stats.disk_blocks = index_.num_on_disk();
  stats.queue_bytes = queue_bytes_;
  stats.queue_blocks = queue_.size();
  stats.num_roots = index_.num_roots();
  stats.num_memory_evictions = index_.num_memory_evictions();
  stats.num_disk_evictions = index_.num_disk_evictions();
  return stats;
}

}  // namespace tessera::prefix_cache
