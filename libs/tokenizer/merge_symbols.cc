#include "libs/tokenizer/merge_symbols.h"

#include <algorithm>

namespace tessera::tokenizer {
namespace {

using Merge = MergeTable::Merge;

// Below this length a scan for the lowest rank is faster than a queue: nearly
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

// A queue of (rank, position) over a linked list of symbols. An entry is stale
// when its position's pair has another rank by now.
class QueueMerger {
 public:
  QueueMerger(const MergeTable& table, MergeWorkspace* workspace)
      : table_(table), nodes_(workspace->nodes), queue_(workspace->queue) {}

  void Run(const std::vector<int32_t>& symbols, std::vector<int32_t>* tokens) {
    Start(symbols);
    for (RankQueue::Entry entry; queue_.Pop(&entry);) {
      if (nodes_[entry.position].merge.rank == entry.rank)
        Apply(entry.position);
    }
    for (uint32_t i = 0; i != kNone; i = nodes_[i].next)
      tokens->push_back(nodes_[i].symbol);
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  void Start(const std::vector<int32_t>& symbols) {
    const uint32_t n = symbols.size();
    nodes_.resize(n);
    for (uint32_t i = 0; i < n; ++i) {
      nodes_[i] = {symbols[i], i == 0 ? kNone : i - 1,
                   i + 1 == n ? kNone : i + 1, Merge{}};
    }
    for (uint32_t i = 0; i < n; ++i) LookUp(i);
  }

  void Apply(uint32_t left) {
    Node& node = nodes_[left];
    Node& right = nodes_[node.next];
    node.symbol = node.merge.token;
    node.next = right.next;
    if (right.next != kNone) nodes_[right.next].previous = left;
    right.merge = Merge{};
    if (node.previous != kNone) LookUp(node.previous);
    LookUp(left);
  }

  void LookUp(uint32_t left) {
    Node& node = nodes_[left];
    node.merge = node.next == kNone
                     ? Merge{}
                     : table_.Find(node.symbol, nodes_[node.next].symbol);
    if (node.merge.rank != MergeTable::kNoRank)
      queue_.Push(node.merge.rank, left);
  }

  using Node = MergeWorkspace::Node;
  const MergeTable& table_;
  std::vector<Node>& nodes_;
  RankQueue& queue_;
};

}  // namespace

void MergeSymbols(const MergeTable& table, MergeWorkspace* workspace,
                  std::vector<int32_t>* tokens) {
  if (workspace->symbols.empty()) return;
  if (workspace->symbols.size() <= kMaxScanned) {
    MergeByScanning(table, workspace, tokens);
  } else {
    QueueMerger(table, workspace).Run(workspace->symbols, tokens);
  }
}

}  // namespace tessera::tokenizer
