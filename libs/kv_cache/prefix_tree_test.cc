#include "libs/kv_cache/prefix_tree.h"

#include <memory>
#include <optional>
#include <vector>

#include "gtest/gtest.h"

namespace tessera::kv_cache {
namespace {

constexpr KvGeometry kGeometry = {
    .block_tokens = 4, .num_layers = 1, .layer_bytes = 64};

class PrefixTreeTest : public testing::Test {
 protected:
  // Inserts whole blocks, and a partial one at the end, whose only owner is the
  // tree afterwards.
  std::vector<BlockId> Insert(absl::string_view salt,
                              absl::Span<const int32_t> tokens) {
    std::vector<BlockId> path;
    PrefixTree::Place place = {salt};
    while (!tokens.empty()) {
      const auto part = tokens.first(std::min<size_t>(tokens.size(), 4));
      const BlockId block = *pool_->Allocate();
      path.push_back(tree_.Insert(place, part, block).value());
      pool_->Unref(block);
      place.below = path.back();
      tokens.remove_prefix(part.size());
    }
    return path;
  }

  BlockId InsertOne(const PrefixTree::Place& place,
                    absl::Span<const int32_t> tokens) {
    const BlockId block = *pool_->Allocate();
    const BlockId cached = tree_.Insert(place, tokens, block).value();
    pool_->Unref(block);
    return cached;
  }

  int64_t MatchLength(absl::string_view salt,
                      const std::vector<int32_t>& tokens) {
    const PrefixTree::Match match = tree_.Find({salt}, tokens);
    return match.blocks.size() * 4 +
           (match.tail.has_value() ? match.tail->num_tokens : 0);
  }

  std::unique_ptr<BlockPool> pool_ = *BlockPool::Create(kGeometry, 8);
  PrefixTree tree_{*pool_};
};

TEST_F(PrefixTreeTest, MatchesWholeBlocksAndTheHeadOfOneMore) {
  const auto path = Insert("", {1, 2, 3, 4, 5, 6, 7, 8});
  const PrefixTree::Match match = tree_.Find({""}, {1, 2, 3, 4, 5, 6, 9, 9, 9});
  EXPECT_EQ(match.blocks, std::vector<BlockId>{path[0]});
  ASSERT_TRUE(match.tail.has_value());
  EXPECT_EQ(match.tail->block, path[1]);
  EXPECT_EQ(match.tail->num_tokens, 2);
  EXPECT_EQ(MatchLength("", {1, 2, 3, 4, 5, 6, 7, 8, 9}), 8);
  EXPECT_EQ(MatchLength("", {1, 2, 3, 4, 5, 6, 7}), 7);
  EXPECT_EQ(MatchLength("", {2, 2, 3, 4, 5, 6, 7, 8}), 0);
}

TEST_F(PrefixTreeTest, MatchesBelowABlock) {
  const auto path = Insert("", {1, 2, 3, 4, 5, 6, 7, 8});
  const PrefixTree::Match match = tree_.Find({"", path[0]}, {5, 6, 7, 8, 9});
  EXPECT_EQ(match.blocks, std::vector<BlockId>{path[1]});
}

TEST_F(PrefixTreeTest, TheLongestOfManySiblingsIsTheTail) {
  Insert("", {1, 1, 1, 1});
  Insert("", {1, 3, 3, 3});
  const BlockId longest = Insert("", {1, 2, 2, 9})[0];
  Insert("", {1, 2, 4, 4});
  const auto tail = tree_.Find({""}, {1, 2, 2, 5, 5}).tail;
  ASSERT_TRUE(tail.has_value());
  EXPECT_EQ(tail->block, longest);
  EXPECT_EQ(tail->num_tokens, 3);
}

TEST_F(PrefixTreeTest, AnotherSaltMisses) {
  Insert("alice", {1, 2, 3, 4, 5});
  EXPECT_EQ(MatchLength("bob", {1, 2, 3, 4, 5}), 0);
  EXPECT_EQ(MatchLength("", {1, 2, 3, 4, 5}), 0);
  EXPECT_EQ(MatchLength("alice", {1, 2, 3, 4, 5}), 5);
}

TEST_F(PrefixTreeTest, AnEqualBlockIsNotTakenTwice) {
  const auto path = Insert("", {1, 2, 3, 4});
  EXPECT_EQ(Insert("", {1, 2, 3, 4}), path);
  EXPECT_EQ(tree_.num_nodes(), 1);
  EXPECT_EQ(pool_->num_free(), 7);
}

TEST_F(PrefixTreeTest, APartialBlockGivesWayToWhatExtendsIt) {
  Insert("", {1, 2, 3, 4, 5});
  const auto longer = Insert("", {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(tree_.num_nodes(), 2);
  EXPECT_EQ(Insert("", {1, 2, 3, 4, 5}), longer);  // adds nothing
  Insert("", {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(tree_.num_nodes(), 2);
  EXPECT_EQ(pool_->num_free(), 6);
  EXPECT_EQ(MatchLength("", {1, 2, 3, 4, 5, 6, 7, 8}), 8);
}

TEST_F(PrefixTreeTest,
       EvictsTheLeastRecentlyUsedLeafSoThatStemsOutliveBranches) {
  Insert("", {1, 2, 3, 4, 5, 5, 5, 5});
  Insert("", {1, 2, 3, 4, 6, 6, 6, 6});
  EXPECT_EQ(MatchLength("", {1, 2, 3, 4, 5, 5, 5, 5, 9}), 8);
  EXPECT_TRUE(tree_.EvictOne());
  EXPECT_EQ(MatchLength("", {1, 2, 3, 4, 6, 6, 6, 6}), 4);
  EXPECT_EQ(MatchLength("", {1, 2, 3, 4, 5, 5, 5, 5}), 8);
  EXPECT_TRUE(tree_.EvictOne());
  EXPECT_EQ(MatchLength("", {1, 2, 3, 4, 5, 5, 5, 5}), 4);
  EXPECT_TRUE(tree_.EvictOne());
  EXPECT_FALSE(tree_.EvictOne());
  EXPECT_EQ(pool_->num_free(), 8);
}

TEST_F(PrefixTreeTest, AStemIsAsRecentAsItsLastBranch) {
  Insert("", {1, 2, 3, 4, 5, 5, 5, 5});
  Insert("", {7, 7, 7, 7});
  MatchLength("", {1, 2, 3, 4, 5, 5, 5, 5});
  EXPECT_TRUE(tree_.EvictOne());  // the sevens
  EXPECT_TRUE(tree_.EvictOne());  // the fives
  Insert("", {8, 8, 8, 8});
  EXPECT_TRUE(tree_.EvictOne());  // the stem, older than the eights
  EXPECT_EQ(MatchLength("", {8, 8, 8, 8}), 4);
}

TEST_F(PrefixTreeTest, KeepsBlocksThatOthersOwn) {
  const auto path = Insert("", {1, 2, 3, 4, 5, 6, 7, 8});
  Insert("", {9, 9, 9, 9});
  for (const BlockId block : path) pool_->Ref(block);
  EXPECT_EQ(pool_->num_only_cached(), 1);
  tree_.Clear();
  EXPECT_EQ(tree_.num_nodes(), 2);
  EXPECT_FALSE(tree_.EvictOne());
  for (const BlockId block : path) pool_->Unref(block);
  EXPECT_EQ(pool_->num_only_cached(), 2);
  tree_.Clear();
  EXPECT_EQ(pool_->num_free(), 8);
}

TEST_F(PrefixTreeTest, AForgottenLeafIsItsOwnersAlone) {
  const BlockId block = Insert("", {1, 2})[0];
  pool_->Ref(block);
  tree_.Forget(block);
  EXPECT_EQ(pool_->num_owners(block), 1);
  EXPECT_EQ(MatchLength("", {1, 2}), 0);
  pool_->Unref(block);
}

TEST_F(PrefixTreeTest, WhatASaltHasBehindAPublicBlockIsItsAlone) {
  const BlockId stem = InsertOne({}, {1, 2, 3, 4});
  const PrefixTree::Place alice = {"alice", stem, true};
  const PrefixTree::Place bob = {"bob", stem, true};
  const BlockId own = InsertOne(alice, {5, 6, 7, 8});
  EXPECT_EQ(tree_.Find({}, {1, 2, 3, 4, 5, 6, 7, 8}).blocks,
            std::vector<BlockId>{stem});
  EXPECT_FALSE(tree_.Find({}, {1, 2, 3, 4, 5, 6, 7, 8}).tail.has_value());
  EXPECT_EQ(tree_.Find(alice, {5, 6, 7, 8}).blocks, std::vector<BlockId>{own});
  EXPECT_EQ(tree_.Find(alice, {5, 6}).tail->block, own);
  EXPECT_TRUE(tree_.Find(bob, {5, 6, 7, 8}).blocks.empty());
  EXPECT_FALSE(tree_.Find(bob, {5, 6}).tail.has_value());
  EXPECT_EQ(MatchLength("alice", {1, 2, 3, 4}), 0);  // her own root at the top
  EXPECT_EQ(MatchLength("", {1, 2, 3, 4}), 0);       // is not the public one
}

TEST_F(PrefixTreeTest, APublicStemOutlivesTheSaltsBehindIt) {
  const BlockId stem = InsertOne({}, {1, 2, 3, 4});
  InsertOne({"alice", stem, true}, {5, 5, 5, 5});
  InsertOne({"alice", stem, true}, {6, 6, 6, 6});
  InsertOne({"bob", stem, true}, {5, 5, 5, 5});
  EXPECT_EQ(tree_.num_nodes(), 4);
  for (int num_left = 3; num_left >= 1; --num_left) {
    EXPECT_TRUE(tree_.EvictOne());
    EXPECT_EQ(tree_.num_nodes(), num_left);
    EXPECT_EQ(tree_.Find({}, {1, 2, 3, 4}).blocks, std::vector<BlockId>{stem});
  }
  EXPECT_TRUE(tree_.EvictOne());
  EXPECT_EQ(pool_->num_free(), 8);
}

TEST_F(PrefixTreeTest, ACollisionIsAMissAndIsNotCached) {
  PrefixTree tree(*pool_, [](uint64_t, int64_t, absl::Span<const int32_t>) {
    return uint64_t{7};
  });
  const BlockId first = *pool_->Allocate();
  const BlockId second = *pool_->Allocate();
  EXPECT_EQ(tree.Insert({"alice"}, {1, 2, 3, 4}, first), first);
  EXPECT_TRUE(tree.Find({"bob"}, {1, 2, 3, 4}).blocks.empty());
  EXPECT_EQ(tree.Insert({"bob"}, {1, 2, 3, 4}, second), std::nullopt);
  EXPECT_EQ(tree.Insert({"alice"}, {5, 6, 7, 8}, second), std::nullopt);
  EXPECT_TRUE(tree.Find({"alice"}, {5, 6, 7, 8}).blocks.empty());
  EXPECT_EQ(tree.Find({"alice"}, {1, 2, 3, 4}).blocks,
            std::vector<BlockId>{first});
  pool_->Unref(first);
  pool_->Unref(second);
}

TEST_F(PrefixTreeTest, MisuseEndsTheProcess) {
  const auto path = Insert("", {1, 2, 3, 4, 5});
  EXPECT_DEATH(tree_.Insert({"", path[1]}, {1}, 5), "is no full one");
  EXPECT_DEATH(tree_.Insert({""}, {2}, path[0]), "is cached already");
  EXPECT_DEATH(tree_.Forget(path[0]), "is no leaf");
  EXPECT_DEATH(pool_->Unref(path[0]), "no owner but the prefix tree");
}

}  // namespace
}  // namespace tessera::kv_cache
