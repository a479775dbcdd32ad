#include "libs/tokenizer/merge_symbols.h"

#include <algorithm>
#include <functional>

namespace tessera::tokenizer {
namespace {

using Merge = MergeTable::Merge;

// Below this length a scan for the lowest rank is faster than a heap: nearly
// every word of prose has fewer than 16 bytes.
constexpr size_t kMaxScanned = 32;

// Quadratic in the word's length, without an allocation.
void MergeByScanning(const MergeTable& table, MergeWorkspace* workspace,
                     std::vector<int32_t>* tokens) {
  int32_t* const symbols = workspace->symbols.data();
  size_t n = workspace->symbols.size();
  uint32_t ranks[kMaxScanned];
  int32_t merged[kMaxScanned];
  const auto look_up = [&](size_t i) {
    const Merge merge = table.Find(symbols[i], symbols[i + 1]);
    ranks[i] = merge.rank;
    merged[i] = merge.token;
  };
  for (size_t i = 0; i + 1 < n; ++i) look_up(i);
  while (n > 1) {
    const size_t best = std::min_element(ranks, ranks + n - 1) - ranks;
    if (ranks[best] == MergeTable::kNoRank) break;
    symbols[best] = merged[best];
    std::copy(symbols + best + 2, symbols + n, symbols + best + 1);
    std::copy(ranks + best + 1, ranks + n - 1, ranks + best);
    std::copy(merged + best + 1, merged + n - 1, merged + best);
    --n;
    if (best > 0) look_up(best - 1);
    if (best + 1 < n) look_up(best);
  }
  tokens->insert(tokens->end(), symbols, symbols + n);
}

// A heap of (rank, position) over a linked list of symbols. An entry is stale
// when its position's pair has another rank by now.
class HeapMerger {
 public:
  HeapMerger(const MergeTable& table, MergeWorkspace* workspace)
      : table_(table),
        symbols_(workspace->symbols),
        merges_(workspace->merges),
        links_(workspace->links),
        heap_(workspace->heap) {}

  void Run(std::vector<int32_t>* tokens) {
    Start();
    while (!heap_.empty()) {
      const uint64_t top = heap_.front();
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      heap_.pop_back();
      const uint32_t position = static_cast<uint32_t>(top);
      if (merges_[position].rank == top >> 32) Apply(position);
    }
    for (uint32_t i = 0; i != kNone; i = Next(i))
      tokens->push_back(symbols_[i]);
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  uint32_t& Previous(uint32_t i) { return links_[i].first; }
  uint32_t& Next(uint32_t i) { return links_[i].second; }
  static uint64_t Entry(uint32_t rank, uint32_t position) {
    return static_cast<uint64_t>(rank) << 32 | position;
  }

  void Start() {
    const uint32_t n = symbols_.size();
    merges_.assign(n, Merge{});
    links_.resize(n);
    heap_.clear();
    for (uint32_t i = 0; i < n; ++i) {
      links_[i] = {i == 0 ? kNone : i - 1, i + 1 == n ? kNone : i + 1};
      if (i + 1 == n) break;
      merges_[i] = table_.Find(symbols_[i], symbols_[i + 1]);
      if (merges_[i].rank != MergeTable::kNoRank)
        heap_.push_back(Entry(merges_[i].rank, i));
    }
    std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

  void Apply(uint32_t left) {
    const uint32_t right = Next(left);
    symbols_[left] = merges_[left].token;
    Next(left) = Next(right);
    if (Next(right) != kNone) Previous(Next(right)) = left;
    merges_[right] = Merge{};
    LookUp(left);
    if (Previous(left) != kNone) LookUp(Previous(left));
  }

  void LookUp(uint32_t left) {
    const uint32_t right = Next(left);
    merges_[left] =
        right == kNone ? Merge{} : table_.Find(symbols_[left], symbols_[right]);
    if (merges_[left].rank == MergeTable::kNoRank) return;
    heap_.push_back(Entry(merges_[left].rank, left));
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

  const MergeTable& table_;
  std::vector<int32_t>& symbols_;
  std::vector<Merge>& merges_;  // merges_[i]: of symbol i and the next one
  std::vector<std::pair<uint32_t, uint32_t>>& links_;
  std::vector<uint64_t>& heap_;
};

}  // namespace

void MergeSymbols(const MergeTable& table, MergeWorkspace* workspace,
                  std::vector<int32_t>* tokens) {
  if (workspace->symbols.empty()) return;
  if (workspace->symbols.size() <= kMaxScanned) {
    MergeByScanning(table, workspace, tokens);
  } else {
    HeapMerger(table, workspace).Run(tokens);
  }
}

}  // namespace tessera::tokenizer
