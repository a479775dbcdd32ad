// The inner loop of BPE: merges a word's symbols until no pair merges.
#pragma once

#include <cstdint>
#include <vector>

#include "libs/tokenizer/merge_table.h"
#include "libs/tokenizer/rank_queue.h"

namespace tessera::tokenizer {

// Reused from word to word, so that a word costs no allocation.
struct MergeWorkspace {
  // A symbol of a long word, with what its look-ups found: one cache line.
  struct Node {
    int32_t symbol;
    uint32_t previous;
    uint32_t next;
    MergeTable::Merge merge;  // of this symbol and the next one
  };

  std::vector<int32_t> symbols;  // in: a word's symbols
  std::vector<Node> nodes;
  RankQueue queue;
};

// Merges the pair of the lowest rank, the leftmost of equals, again and again;
// appends the tokens that remain of workspace->symbols to `tokens`.
// Linear in the number of symbols, but for what rank_queue.h says.
void MergeSymbols(const MergeTable& table, MergeWorkspace* workspace,
                  std::vector<int32_t>* tokens);

}  // namespace tessera::tokenizer
