#include "services/prefix_cache/load_order.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tessera::prefix_cache {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

Hash HashOf(uint8_t value) {
  Hash hash = {};
  hash[0] = value;
  return hash;
}

DiskEntry EntryOf(uint8_t hash, uint8_t parent, uint64_t last_used,
                  uint8_t root = 100) {
  return {HashOf(hash), HashOf(root), HashOf(parent), 1, last_used};
}

std::vector<int> Hashes(const std::vector<DiskEntry>& entries) {
  std::vector<int> hashes;
  for (const DiskEntry& entry : entries) hashes.push_back(entry.hash[0]);
  return hashes;
}

TEST(LoadOrderTest, ABlockCountsAsUsedAsLateAsThoseBelowIt) {
  const LoadOrder order =
      OrderForLoading({EntryOf(3, 2, 9), EntryOf(4, 100, 5), EntryOf(2, 1, 7),
                       EntryOf(1, 100, 1), EntryOf(5, 1, 6)});
  EXPECT_THAT(Hashes(order.entries), ElementsAre(1, 2, 3, 5, 4));
  EXPECT_TRUE(order.unreachable.empty());
}

TEST(LoadOrderTest, WhatNoChainJoinsToItsRootIsUnreachable) {
  const LoadOrder order = OrderForLoading(
      {EntryOf(1, 100, 1), EntryOf(2, 9, 2),       // no parent
       EntryOf(3, 4, 3), EntryOf(4, 3, 4),         // a circle
       EntryOf(5, 1, 5, 101), EntryOf(6, 5, 6)});  // of another root
  EXPECT_THAT(Hashes(order.entries), ElementsAre(1));
  EXPECT_THAT(order.unreachable,
              UnorderedElementsAre(HashOf(2), HashOf(3), HashOf(4), HashOf(5),
                                   HashOf(6)));
}

}  // namespace
}  // namespace tessera::prefix_cache
