#include "libs/tokenizer/rank_queue.h"

#include <algorithm>
#include <functional>

namespace tessera::tokenizer {

void RankQueue::Push(uint32_t rank, uint32_t position) {
  const auto [entry, is_new] = index_.try_emplace(rank, buckets_.size());
  if (is_new) buckets_.push_back({rank});
  Bucket& bucket = buckets_[entry->second];
  if (bucket.positions.empty()) {
    active_.push_back(static_cast<uint64_t>(rank) << 32 | entry->second);
    std::push_heap(active_.begin(), active_.end(), std::greater<>());
  }
  if (!bucket.is_heap && !bucket.positions.empty() &&
      position < bucket.positions.back()) {
    bucket.positions.erase(bucket.positions.begin(),
                           bucket.positions.begin() + bucket.begin);
    bucket.begin = 0;
    bucket.is_heap = true;  // ascending: a heap already
  }
  bucket.positions.push_back(position);
  if (bucket.is_heap)
    std::push_heap(bucket.positions.begin(), bucket.positions.end(),
                   std::greater<>());
}

bool RankQueue::Pop(Entry* entry) {
  if (active_.empty()) return false;
  Bucket& bucket = buckets_[static_cast<uint32_t>(active_.front())];
  entry->rank = bucket.rank;
  if (bucket.is_heap) {
    entry->position = bucket.positions.front();
    std::pop_heap(bucket.positions.begin(), bucket.positions.end(),
                  std::greater<>());
    bucket.positions.pop_back();
  } else {
    entry->position = bucket.positions[bucket.begin++];
  }
  if (bucket.begin == bucket.positions.size()) {
    bucket.positions.clear();
    bucket.begin = 0;
    bucket.is_heap = false;
    std::pop_heap(active_.begin(), active_.end(), std::greater<>());
    active_.pop_back();
  }
  return true;
}

}  // namespace tessera::tokenizer
