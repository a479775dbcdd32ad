// The merges of a BPE tokenizer: which pairs of tokens become one, and which
// goes first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tessera::tokenizer {

// A hash table with open addressing: a look-up, mostly of a pair that does not
// merge, touches one cache line.
class MergeTable {
 public:
  static constexpr uint32_t kNoRank = UINT32_MAX;

  struct Merge {
    uint32_t rank = kNoRank;  // kNoRank: the pair does not merge
    int32_t token = 0;        // what it becomes
  };

  explicit MergeTable(size_t num_merges);

  // Replaces what was inserted for the pair before. At most num_merges pairs;
  // ids not negative.
  void Insert(int32_t left, int32_t right, Merge merge);

  Merge Find(int32_t left, int32_t right) const {
    const uint64_t key = Key(left, right);
    for (size_t i = Slot(key);; i = (i + 1) & mask_) {
      const Entry& entry = entries_[i];
      if (entry.key == key) return entry.merge;
      if (entry.key == kEmpty) return Merge{};
    }
  }

 private:
  struct Entry {
    uint64_t key = kEmpty;
    Merge merge;
  };
  static constexpr uint64_t kEmpty = UINT64_MAX;  // no pair: ids are positive

  static uint64_t Key(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 |
           static_cast<uint32_t>(right);
  }
  // Fibonacci hashing: the product's high bits depend on every bit of the key.
  size_t Slot(uint64_t key) const {
    return (key ^ key >> 29) * 0x9E3779B97F4A7C15u >> shift_;
  }

  int shift_;
  size_t mask_;
  std::vector<Entry> entries_;  // a power of two, at least half of them empty
};

}  // namespace tessera::tokenizer
