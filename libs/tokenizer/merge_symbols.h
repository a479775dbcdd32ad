// The inner loop of BPE: merges a word's symbols until no pair merges.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "libs/tokenizer/merge_table.h"

namespace tessera::tokenizer {

// Reused from word to word, so that a word costs no allocation.
struct MergeWorkspace {
  std::vector<int32_t> symbols;  // in: a word's symbols
  std::vector<MergeTable::Merge> merges;
  std::vector<std::pair<uint32_t, uint32_t>> links;
  std::vector<uint64_t> heap;
};

// Merges the pair of the lowest rank, the leftmost of equals, again and again;
// appends the tokens that remain of workspace->symbols to `tokens`.
// O(n log n) for n symbols.
void MergeSymbols(const MergeTable& table, MergeWorkspace* workspace,
                  std::vector<int32_t>* tokens);

}  // namespace tessera::tokenizer
