// A priority queue of (rank, position), lowest rank first, lowest position of
// equals first, for the merging of long words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace tessera::tokenizer {

// One bucket a rank. BPE pushes the positions of a rank nearly always in
// ascending order, so a bucket is a plain list, and a heap from the first
// position that comes out of order until it is empty again. Time is linear in
// the number of pushes but for such positions and for the number of distinct
// ranks; a heap of all entries takes three times as long at a million, because
// each of its steps misses the cache.
class RankQueue {
 public:
  struct Entry {
    uint32_t rank;
    uint32_t position;
  };

  void Push(uint32_t rank, uint32_t position);

  // Removes the first entry into *entry; false if there is none.
  bool Pop(Entry* entry);

 private:
  struct Bucket {
    uint32_t rank = 0;
    bool is_heap = false;
    size_t begin = 0;                 // positions before it are popped
    std::vector<uint32_t> positions;  // ascending, or from `begin` on a heap
  };

  absl::flat_hash_map<uint32_t, uint32_t> index_;  // rank -> buckets_
  std::vector<Bucket> buckets_;
  std::vector<uint64_t> active_;  // heap of rank << 32 | bucket, not empty ones
};

}  // namespace tessera::tokenizer
