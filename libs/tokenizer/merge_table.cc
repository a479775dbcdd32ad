#include "libs/tokenizer/merge_table.h"

namespace tessera::tokenizer {

MergeTable::MergeTable(size_t num_merges) {
  int bits = 1;
  while ((size_t{1} << bits) < 2 * num_merges) ++bits;
  shift_ = 64 - bits;
  mask_ = (size_t{1} << bits) - 1;
  entries_.resize(size_t{1} << bits);
}

void MergeTable::Insert(int32_t left, int32_t right, Merge merge) {
  const uint64_t key = Key(left, right);
  size_t i = Slot(key);
  while (entries_[i].key != key && entries_[i].key != kEmpty)
    i = (i + 1) & mask_;
  entries_[i] = {key, merge};
}

}  // namespace tessera::tokenizer
