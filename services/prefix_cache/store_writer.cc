// The store's writer: the one thread that changes what is on disk.
#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "services/prefix_cache/store.h"
#include "services/prefix_cache/task_pool.h"

namespace tessera::prefix_cache {
namespace {

// How old the use that is kept on disk may be.
constexpr absl::Duration kUsesPeriod = absl::Seconds(5);
constexpr size_t kMaxUsesAtOnce = 1 << 14;
// How soon a disk that failed is tried again.
constexpr absl::Duration kRetryPeriod = absl::Seconds(1);
// Rounds of eviction until the files are within their bound.
constexpr int kMaxReclaims = 4;

}  // namespace

bool Store::HasWork() const { return !queue_.empty() || !deletions_.empty(); }

void Store::RunWriter() {
  RunInBackground();
  Lock lock(mutex_);
  while (true) {
    has_work_.wait_for(lock, std::chrono::seconds(1), [&] {
      return is_stopping_ || (HasWork() && absl::Now() >= broken_until_);
    });
    if (is_stopping_ && (!HasWork() || is_broken_)) break;
    if (absl::Now() >= broken_until_) WriteSome(&lock);
  }
  next_uses_ = absl::InfinitePast();
  if (!is_broken_ && !used_.empty()) WriteSome(&lock);
}

// One batch; the mutex is free while it is written.
void Store::WriteSome(Lock* lock) {
  DiskTier::Batch batch;
  // Its leases end while the mutex is free.
  std::vector<Write> writes = TakeBatch(&batch);
  TakeUses(&batch);
  is_writing_ = true;
  // A broken disk is tried with nothing, too, since nobody queues for it.
  if (is_broken_ || !batch.deletions.empty() || !batch.entries.empty()) {
    lock->unlock();
    const bool is_written = WriteOut(batch).ok();
    lock->lock();
    FinishBatch(batch, writes, is_written);
    lock->unlock();
    writes.clear();
    if (is_written && !batch.writes.empty() && disk_->IsNearLimit()) {
      ReclaimFiles();
    }
    lock->lock();
  }
  is_writing_ = false;
  is_idle_.notify_all();
}

// A block is written after its parent, or with it.
bool Store::MayBeWritten(const Node& node,
                         const std::vector<Write>& before) const {
  const Node* parent = node.parent;
  return parent == node.root || parent->on_disk ||
         std::any_of(before.begin(), before.end(),
                     [&](const Write& w) { return w.id == parent->id; });
}

// Takes from the queue what fits into one batch, and makes room for it.
std::vector<Store::Write> Store::TakeBatch(DiskTier::Batch* batch) {
  std::vector<Write> writes;
  int64_t record_bytes = 0;
  int64_t charge = 0;
  while (!queue_.empty() && record_bytes < disk_->batch_limit_bytes()) {
    const QueuedWrite next = queue_.front();
    queue_.pop_front();
    queue_bytes_ -= next.bytes;
    Node* node = index_.Find(next.hash);
    if (node == nullptr || node->id != next.id) continue;  // evicted since
    Node* parent = node->parent;
    const bool may = MayBeWritten(*node, writes);
    if (may) index_.Lease(parent);
    if (!may || !index_.MakeRoomOnDisk(charge + node->charge, writes.size() + 1,
                                       &deletions_)) {
      if (may) index_.Release(parent->hash, parent->id);
      ++stats_.num_dropped_writes;
      index_.ClearPending(node, &deletions_);
      continue;
    }
    record_bytes += next.bytes;
    charge += node->charge;
    writes.push_back(
        {next.hash, next.id, Lease(this, parent->hash, parent->id)});
    batch->writes.push_back(node->pending);
    batch->entries.push_back({node->hash, node->root->hash, parent->hash,
                              next.bytes, node->last_used});
  }
  batch->deletions = std::exchange(deletions_, {});
  return writes;
}

void Store::TakeUses(DiskTier::Batch* batch) {
  if (absl::Now() < next_uses_) return;
  next_uses_ = absl::Now() + kUsesPeriod;
  size_t num_taken = 0;
  for (const Hash& hash : std::exchange(used_, {})) {
    const Node* node = index_.Find(hash);
    if (node == nullptr || !node->on_disk) continue;
    if (++num_taken > kMaxUsesAtOnce) break;
    batch->entries.push_back({hash, node->root->hash, node->parent->hash,
                              node->charge - kBlockOverheadBytes,
                              node->last_used});
  }
}

absl::Status Store::WriteOut(const DiskTier::Batch& batch) {
  if (is_broken_) {
    if (absl::Status status = disk_->Resume(); !status.ok()) return status;
  }
  return disk_->Write(batch);
}

void Store::FinishBatch(const DiskTier::Batch& batch,
                        absl::Span<const Write> writes, bool is_written) {
  is_broken_ = !is_written;
  if (is_written) {
    stats_.num_written += writes.size();
  } else {
    broken_until_ = absl::Now() + kRetryPeriod;
    ++stats_.num_failed_writes;
    stats_.num_dropped_writes += writes.size();
    deletions_.insert(deletions_.begin(), batch.deletions.begin(),
                      batch.deletions.end());
  }
  for (size_t i = 0; i < writes.size(); ++i) {
    Node* node = index_.Find(writes[i].hash);
    if (node == nullptr || node->id != writes[i].id) {
      // Evicted while it was written.
      if (is_written) deletions_.push_back(writes[i].hash);
      continue;
    }
    if (is_written) index_.SetOnDisk(node);
    index_.ClearPending(node, &deletions_);
  }
}

// Evicts and compacts until the files are well within their bound.
void Store::ReclaimFiles() {
  int64_t target = disk_->live_limit_bytes();
  for (int i = 0; i < kMaxReclaims; ++i) {
    DiskTier::Batch batch;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      index_.ShrinkDisk(target, &deletions_);
      batch.deletions = std::exchange(deletions_, {});
    }
    if (!disk_->Write(batch).ok()) {
      std::lock_guard<std::mutex> lock(mutex_);
      deletions_.insert(deletions_.begin(), batch.deletions.begin(),
                        batch.deletions.end());
      return;  // the next write tells
    }
    if (!disk_->Reclaim(/*rewrite=*/i > 0).ok()) return;
    if (!disk_->IsNearLimit()) return;
    target = target * 3 / 4;
  }
}

void Store::WaitUntilWritten() {
  if (disk_ == nullptr) return;
  Lock lock(mutex_);
  is_idle_.wait(lock,
                [&] { return !is_writing_ && (!HasWork() || is_broken_); });
}

}  // namespace tessera::prefix_cache
