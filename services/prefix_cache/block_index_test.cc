#include "services/prefix_cache/block_index.h"

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

const Hash kRoot = HashOf(200);

// A tier with room for so many blocks; the payload is 100 bytes.
TierLimits Blocks(int64_t num_blocks) {
  return {
      .bytes = num_blocks * (kRecordHeaderBytes + 100 + kBlockOverheadBytes),
      .num_blocks = 1000};
}

RecordPtr MakeRecord(uint8_t hash, const Hash& parent) {
  return Record::Make(HashOf(hash), kRoot, parent, {},
                      std::vector<uint8_t>(100));
}

class BlockIndexTest : public testing::Test {
 protected:
  BlockIndex::Node* Put(uint8_t hash, const Hash& parent) {
    const RecordPtr record = MakeRecord(hash, parent);
    BlockIndex::Node* node =
        index_.Add(HashOf(hash), kRoot, parent, record->bytes().size());
    EXPECT_NE(node, nullptr);
    EXPECT_TRUE(index_.PutInMemory(node, record));
    return node;
  }
  bool Has(uint8_t hash) { return index_.Find(HashOf(hash)) != nullptr; }

  BlockIndex index_{Blocks(3), Blocks(2)};
  std::vector<Hash> deleted_;
};

TEST_F(BlockIndexTest, MatchesTheLongestBeginningBelowItsOwnRoot) {
  auto* one = Put(1, kRoot);
  auto* two = Put(2, HashOf(1));
  const std::vector<Hash> chain = {HashOf(1), HashOf(2), HashOf(3)};
  EXPECT_THAT(index_.Match(kRoot, chain), ElementsAre(one, two));
  EXPECT_THAT(index_.Match(HashOf(201), chain), ElementsAre());
}

TEST_F(BlockIndexTest, ABlockThatHangsElsewhereIsNoMatch) {
  Put(1, kRoot);
  Put(2, kRoot);
  EXPECT_EQ(index_.Match(kRoot, {HashOf(1), HashOf(2)}).size(), 1);
  EXPECT_EQ(index_.Match(kRoot, {HashOf(2), HashOf(1)}).size(), 1);
}

TEST_F(BlockIndexTest, RefusesABlockWhoseParentIsNotStoredBelowTheRoot) {
  Put(1, kRoot);
  EXPECT_EQ(index_.Add(HashOf(3), kRoot, HashOf(2), 100), nullptr);
  EXPECT_EQ(index_.Add(HashOf(3), HashOf(201), HashOf(1), 100), nullptr);
  EXPECT_EQ(index_.num_roots(), 1);
}

TEST_F(BlockIndexTest, EvictsTheLeastRecentlyUsedLeafAndNoStem) {
  Put(1, kRoot);
  Put(2, HashOf(1));
  Put(3, HashOf(1));
  index_.Touch(index_.Find(HashOf(2)));
  Put(4, kRoot);
  EXPECT_TRUE(Has(1) && Has(2) && !Has(3) && Has(4));
  EXPECT_EQ(index_.num_memory_evictions(), 1);
}

TEST_F(BlockIndexTest, AStemIsEvictedAfterItsBranchesAsUsedAsThey) {
  Put(1, kRoot);
  Put(2, HashOf(1));
  Put(3, kRoot);
  index_.Touch(index_.Find(HashOf(2)));
  Put(4, kRoot);  // for 3
  Put(5, kRoot);  // for 2; 1 was used with it, before 4
  Put(6, kRoot);
  EXPECT_TRUE(!Has(1) && Has(4) && Has(5) && Has(6));
}

TEST_F(BlockIndexTest, ALeasedBlockStaysAndAFullTierTakesNoMore) {
  for (uint8_t hash = 1; hash <= 3; ++hash) index_.Lease(Put(hash, kRoot));
  auto* node = index_.Add(HashOf(4), kRoot, kRoot, kRecordHeaderBytes + 100);
  EXPECT_FALSE(index_.PutInMemory(node, MakeRecord(4, kRoot)));
  index_.Drop(node, &deleted_);
  index_.Release(HashOf(2), index_.Find(HashOf(2))->id);
  Put(4, kRoot);
  EXPECT_TRUE(Has(1) && !Has(2) && Has(3) && Has(4));
}

TEST_F(BlockIndexTest, ALeaseOfABlockThatIsGoneReleasesNoOther) {
  auto* node = Put(1, kRoot);
  const uint64_t id = node->id;
  index_.Lease(node);
  index_.Drop(node, &deleted_);
  index_.Lease(Put(1, kRoot));
  index_.Release(HashOf(1), id);
  EXPECT_EQ(index_.Find(HashOf(1))->num_leases, 1);
}

TEST_F(BlockIndexTest, ABlockOnDiskOutlivesItsPlaceInMemory) {
  auto* node = Put(1, kRoot);
  ASSERT_TRUE(index_.MakeRoomOnDisk(node->charge, 1, &deleted_));
  index_.SetOnDisk(node);
  for (uint8_t hash = 2; hash <= 4; ++hash) Put(hash, kRoot);
  EXPECT_TRUE(Has(1));
  EXPECT_EQ(node->memory, nullptr);
  EXPECT_EQ(index_.num_blocks(), 4);
}

TEST_F(BlockIndexTest, TheDiskTellsWhatToDelete) {
  for (uint8_t hash = 1; hash <= 3; ++hash) {
    auto* node = Put(hash, kRoot);
    ASSERT_TRUE(index_.MakeRoomOnDisk(node->charge, 1, &deleted_));
    index_.SetOnDisk(node);
  }
  EXPECT_THAT(deleted_, ElementsAre(HashOf(1)));
  EXPECT_TRUE(Has(1));  // in memory
  index_.DropAll(&deleted_);
  EXPECT_THAT(deleted_, UnorderedElementsAre(HashOf(1), HashOf(2), HashOf(3)));
  EXPECT_EQ(index_.num_blocks() + index_.num_roots(), 0);
  EXPECT_EQ(index_.memory_bytes() + index_.disk_bytes(), 0);
}

TEST_F(BlockIndexTest, DropTakesAllBelow) {
  Put(1, kRoot);
  Put(2, HashOf(1));
  Put(3, HashOf(2));
  EXPECT_EQ(index_.Drop(index_.Find(HashOf(2)), &deleted_), 2);
  EXPECT_TRUE(Has(1) && !Has(2) && !Has(3));
}

}  // namespace
}  // namespace tessera::prefix_cache
