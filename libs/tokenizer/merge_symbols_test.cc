#include "libs/tokenizer/merge_symbols.h"

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace tessera::tokenizer {
namespace {

using Merges = std::map<std::pair<int32_t, int32_t>, MergeTable::Merge>;

// Merges of tokens 0 to `num_tokens`, in any order of rank: a merge may be of a
// token that only a later one makes, as no trained tokenizer has it.
Merges RandomMerges(int num_tokens, int num_merges, std::mt19937* random) {
  Merges merges;
  for (int rank = 0; rank < num_merges; ++rank) {
    const auto token = [&] {
      return static_cast<int32_t>((*random)() % num_tokens);
    };
    merges[{token(), token()}] = {static_cast<uint32_t>(rank), token()};
  }
  return merges;
}

// The definition: the lowest rank, the leftmost of equals, again and again.
std::vector<int32_t> MergeNaively(const Merges& merges,
                                  std::vector<int32_t> symbols) {
  for (;;) {
    MergeTable::Merge best;
    size_t at = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto it = merges.find({symbols[i], symbols[i + 1]});
      if (it != merges.end() && it->second.rank < best.rank) {
        best = it->second;
        at = i;
      }
    }
    if (best.rank == MergeTable::kNoRank) return symbols;
    symbols[at] = best.token;
    symbols.erase(symbols.begin() + at + 1);
  }
}

TEST(MergeSymbolsTest, AgreesWithTheDefinition) {
  MergeWorkspace workspace;
  for (uint32_t seed = 1; seed <= 3000; ++seed) {
    std::mt19937 random(seed);
    const int num_tokens = 2 + random() % 12;
    const Merges merges = RandomMerges(num_tokens, random() % 60, &random);
    MergeTable table(60);
    for (const auto& [pair, merge] : merges)
      table.Insert(pair.first, pair.second, merge);
    // Short words are merged by a scan, long ones by a queue.
    workspace.symbols.resize(random() % (seed % 2 == 0 ? 33 : 200));
    for (int32_t& symbol : workspace.symbols) symbol = random() % num_tokens;
    const std::vector<int32_t> expected =
        MergeNaively(merges, workspace.symbols);
    std::vector<int32_t> tokens = {-7};
    MergeSymbols(table, &workspace, &tokens);
    ASSERT_EQ(tokens.front(), -7);
    tokens.erase(tokens.begin());
    ASSERT_EQ(tokens, expected) << "seed " << seed;
  }
}

TEST(MergeTableTest, TheLastOfTwoEqualPairsCounts) {
  MergeTable table(2);
  table.Insert(1, 2, {0, 3});
  table.Insert(1, 2, {1, 4});
  EXPECT_EQ(table.Find(1, 2).rank, 1u);
  EXPECT_EQ(table.Find(1, 2).token, 4);
  EXPECT_EQ(table.Find(2, 1).rank, MergeTable::kNoRank);
}

TEST(RankQueueTest, PopsByRankThenPosition) {
  std::mt19937 random(3);
  RankQueue queue;
  std::vector<std::pair<uint32_t, uint32_t>> model;
  for (int i = 0; i < 20000; ++i) {
    if (random() % 2 == 0) {
      model.emplace_back(random() % 7, random() % 100);
      queue.Push(model.back().first, model.back().second);
    } else {
      RankQueue::Entry entry;
      ASSERT_EQ(queue.Pop(&entry), !model.empty());
      if (model.empty()) continue;
      const auto first = std::min_element(model.begin(), model.end());
      ASSERT_EQ(std::make_pair(entry.rank, entry.position), *first);
      model.erase(first);
    }
  }
}

}  // namespace
}  // namespace tessera::tokenizer
