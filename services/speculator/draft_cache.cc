#include "services/speculator/draft_cache.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/base/status_macros.h"

namespace tessera::speculator {
namespace {

int64_t CommonPrefix(absl::Span<const int32_t> a, absl::Span<const int32_t> b) {
  const size_t size = std::min(a.size(), b.size());
  return std::mismatch(a.begin(), a.begin() + size, b.begin()).first -
         a.begin();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DraftCache>> DraftCache::Create(
    const kv_cache::KvGeometry& geometry, int64_t bytes, int max_sequences) {
  ASSIGN_OR_RETURN(const int32_t num_blocks,
                   kv_cache::NumBlocksWithin(geometry, bytes));
  ASSIGN_OR_RETURN(std::unique_ptr<kv_cache::BlockPool> pool,
                   kv_cache::BlockPool::Create(geometry, num_blocks));
  return std::unique_ptr<DraftCache>(
      new DraftCache(std::move(pool), max_sequences));
}

DraftCache::DraftCache(std::unique_ptr<kv_cache::BlockPool> pool,
                       int max_sequences)
    : max_sequences_(max_sequences), pool_(std::move(pool)), tree_(*pool_) {
  CHECK(max_sequences >= 1) << max_sequences;
}

DraftCache::~DraftCache() {
  entries_.clear();
  by_use_.clear();
  tree_.Clear();
}

DraftCache::Entry* DraftCache::FindOrAdd(SequenceId sequence) {
  const auto found = entries_.find(sequence);
  if (found != entries_.end()) {
    by_use_.splice(by_use_.end(), by_use_, found->second);
    return &*found->second;
  }
  if (num_sequences() >= max_sequences_) ForgetOldest();
  by_use_.emplace_back(sequence, *pool_);
  entries_[sequence] = std::prev(by_use_.end());
  return &by_use_.back();
}

DraftCache::Entry* DraftCache::Take(SequenceId sequence, absl::string_view salt,
                                    absl::Span<const int32_t> known) {
  CHECK(!known.empty());
  Entry* entry = FindOrAdd(sequence);
  CHECK(!entry->is_in_use) << "sequence " << sequence << " twice in a call";
  entry->is_in_use = true;
  in_use_.push_back(entry);
  if (entry->salt != salt) {
    Rewind(entry, 0);
    entry->salt.assign(salt.data(), salt.size());
  }
  const absl::Span<const int32_t> wanted = known.first(known.size() - 1);
  Rewind(entry, CommonPrefix(entry->tokens, wanted));
  const int64_t num_missing = wanted.size() - entry->tokens.size();
  if (num_missing >= pool_->geometry().block_tokens) {
    TakeFromTree(entry, wanted);
  }
  return entry;
}

void DraftCache::Rewind(Entry* entry, int64_t num_tokens) {
  entry->table.Truncate(num_tokens);
  entry->tokens.resize(num_tokens);
  entry->num_shared_blocks = std::min<int64_t>(
      entry->num_shared_blocks, num_tokens / pool_->geometry().block_tokens);
}

kv_cache::PrefixTree::Place DraftCache::PlaceOf(const Entry& entry) const {
  kv_cache::PrefixTree::Place place = {.salt = entry.salt};
  if (entry.num_shared_blocks > 0) {
    place.below = entry.table.block_ids()[entry.num_shared_blocks - 1];
  }
  return place;
}

void DraftCache::TakeFromTree(Entry* entry, absl::Span<const int32_t> wanted) {
  const int64_t block_tokens = pool_->geometry().block_tokens;
  Share(entry, entry->tokens.size());
  const int64_t num_shared = entry->num_shared_blocks * block_tokens;
  const kv_cache::PrefixTree::Match match =
      tree_.Find(PlaceOf(*entry), wanted.subspan(num_shared));
  const int64_t num_tokens = num_shared + match.blocks.size() * block_tokens;
  if (num_tokens <= static_cast<int64_t>(entry->tokens.size())) return;
  Rewind(entry, num_shared);
  for (const kv_cache::BlockId block : match.blocks) entry->table.Adopt(block);
  entry->tokens.assign(wanted.begin(), wanted.begin() + num_tokens);
  entry->num_shared_blocks += match.blocks.size();
}

bool DraftCache::Append(Entry* entry, absl::Span<const int32_t> tokens) {
  while (entry->table.NumBlocksToAppend(tokens.size()) > pool_->num_free()) {
    if (!FreeSomeBlock()) return false;
  }
  const absl::Status status = entry->table.Append(tokens.size());
  CHECK(status.ok()) << status.message();
  entry->tokens.insert(entry->tokens.end(), tokens.begin(), tokens.end());
  return true;
}

void DraftCache::Share(Entry* entry, int64_t num_known) {
  const int64_t block_tokens = pool_->geometry().block_tokens;
  const int64_t num_tokens = std::min<int64_t>(num_known, entry->tokens.size());
  while ((entry->num_shared_blocks + 1) * block_tokens <= num_tokens) {
    const int64_t index = entry->num_shared_blocks;
    const absl::Span<const int32_t> tokens =
        absl::MakeConstSpan(entry->tokens)
            .subspan(index * block_tokens, block_tokens);
    const std::optional<kv_cache::BlockId> node =
        tree_.Insert(PlaceOf(*entry), tokens, entry->table.block_ids()[index]);
    if (!node.has_value()) return;
    entry->table.Replace(index, *node);
    ++entry->num_shared_blocks;
  }
}

void DraftCache::EndCall() {
  for (Entry* entry : in_use_) entry->is_in_use = false;
  in_use_.clear();
}

void DraftCache::Release(SequenceId sequence) {
  const auto found = entries_.find(sequence);
  if (found == entries_.end()) return;
  CHECK(!found->second->is_in_use);
  by_use_.erase(found->second);
  entries_.erase(found);
}

bool DraftCache::FreeSomeBlock() {
  if (tree_.EvictOne()) return true;
  // What it shared can be evicted afterwards.
  return ForgetOldest();
}

bool DraftCache::ForgetOldest() {
  if (by_use_.empty() || by_use_.front().is_in_use) return false;
  ++num_forgotten_;
  Release(by_use_.front().sequence);
  return true;
}

}  // namespace tessera::speculator
