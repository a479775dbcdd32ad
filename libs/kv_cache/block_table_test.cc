#include "libs/kv_cache/block_table.h"

#include <cstring>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace tessera::kv_cache {
namespace {

// A token's keys and values are eight bytes in each of two layers.
constexpr KvGeometry kGeometry = {
    .block_tokens = 4, .num_layers = 2, .layer_bytes = 64};

uint8_t* TokenBytes(BlockPool& pool, const BlockTable& table, int64_t position,
                    int layer) {
  const BlockId id = table.block_ids()[position / 4];
  return pool.arena().layer(layer) + id * kGeometry.block_bytes() +
         position % 4 * 8;
}

void Write(BlockPool& pool, const BlockTable& table, int64_t position,
           int64_t value) {
  for (int layer = 0; layer < 2; ++layer) {
    const int64_t stored = value * 2 + layer;
    std::memcpy(TokenBytes(pool, table, position, layer), &stored, 8);
  }
}

// The values of a table's tokens, the same in every layer.
std::vector<int64_t> Read(BlockPool& pool, const BlockTable& table) {
  std::vector<int64_t> values;
  for (int64_t position = 0; position < table.num_tokens(); ++position) {
    int64_t stored[2];
    for (int layer = 0; layer < 2; ++layer) {
      std::memcpy(&stored[layer], TokenBytes(pool, table, position, layer), 8);
    }
    EXPECT_EQ(stored[0] + 1, stored[1]);
    values.push_back(stored[0] / 2);
  }
  return values;
}

// A table, and what its tokens have to be.
struct Sequence {
  BlockTable table;
  std::vector<int64_t> values;
};

class BlockTableTest : public testing::Test {
 protected:
  Sequence NewSequence() { return {BlockTable(*pool_), {}}; }

  // Appends as many tokens, of values never used before.
  absl::Status Append(Sequence& sequence, int64_t num_tokens) {
    const absl::Status status = sequence.table.Append(num_tokens);
    if (!status.ok()) return status;
    for (int64_t i = 0; i < num_tokens; ++i) {
      Write(*pool_, sequence.table, sequence.values.size(), ++last_value_);
      sequence.values.push_back(last_value_);
    }
    return status;
  }

  std::unique_ptr<BlockPool> pool_ = *BlockPool::Create(kGeometry, 12);
  int64_t last_value_ = 0;
};

TEST_F(BlockTableTest, TakesBlocksAsTokensNeedThem) {
  Sequence sequence = NewSequence();
  EXPECT_EQ(sequence.table.NumBlocksToAppend(0), 0);
  EXPECT_EQ(sequence.table.NumBlocksToAppend(4), 1);
  EXPECT_EQ(sequence.table.NumBlocksToAppend(5), 2);
  EXPECT_TRUE(Append(sequence, 5).ok());
  EXPECT_EQ(sequence.table.block_ids(), (std::vector<BlockId>{0, 1}));
  EXPECT_EQ(sequence.table.NumBlocksToAppend(3), 0);
  EXPECT_EQ(sequence.table.NumBlocksToAppend(4), 1);
  EXPECT_TRUE(Append(sequence, 3).ok());
  EXPECT_EQ(sequence.table.num_tokens(), 8);
  EXPECT_EQ(pool_->num_free(), 10);
}

TEST_F(BlockTableTest, AppendsAllOrNothing) {
  Sequence sequence = NewSequence();
  ASSERT_TRUE(Append(sequence, 6).ok());
  const BlockTable fork = sequence.table.Fork();
  // Ten blocks and a copy of the tail are one block too many.
  const absl::Status status = Append(sequence, 42);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "42 more tokens need 11 KV blocks: 10 of 12 are free");
  EXPECT_EQ(sequence.table.num_tokens(), 6);
  EXPECT_EQ(sequence.table.block_ids(), fork.block_ids());
  EXPECT_EQ(pool_->num_free(), 10);
  EXPECT_TRUE(Append(sequence, 38).ok());
  EXPECT_EQ(pool_->num_free(), 0);
}

TEST_F(BlockTableTest, AForkSharesBlocksUntilOneWritesToTheTail) {
  Sequence first = NewSequence();
  ASSERT_TRUE(Append(first, 6).ok());
  Sequence second = {first.table.Fork(), first.values};
  EXPECT_EQ(pool_->num_free(), 10);
  ASSERT_TRUE(Append(first, 1).ok());
  EXPECT_EQ(pool_->num_free(), 9);
  EXPECT_EQ(first.table.block_ids()[0], second.table.block_ids()[0]);
  EXPECT_NE(first.table.block_ids()[1], second.table.block_ids()[1]);
  ASSERT_TRUE(Append(second, 2).ok());  // the tail is its own by now
  EXPECT_EQ(pool_->num_free(), 9);
  EXPECT_EQ(Read(*pool_, first.table), first.values);
  EXPECT_EQ(Read(*pool_, second.table), second.values);
}

TEST_F(BlockTableTest, AForkThatEndsWithABlockCopiesNothing) {
  Sequence first = NewSequence();
  ASSERT_TRUE(Append(first, 8).ok());
  const BlockTable fork = first.table.Fork();
  EXPECT_EQ(first.table.NumBlocksToAppend(1), 1);
  ASSERT_TRUE(Append(first, 1).ok());
  EXPECT_EQ(pool_->num_free(), 9);
}

TEST_F(BlockTableTest, WritingAgainAfterTruncationLeavesTheFork) {
  Sequence first = NewSequence();
  ASSERT_TRUE(Append(first, 8).ok());
  Sequence second = {first.table.Fork(), first.values};
  first.table.Truncate(7);
  first.values.resize(7);
  ASSERT_TRUE(Append(first, 1).ok());
  EXPECT_EQ(Read(*pool_, first.table), first.values);
  EXPECT_EQ(Read(*pool_, second.table), second.values);
}

TEST_F(BlockTableTest, TruncationReturnsBlocksAndTheyComeBackInOrder) {
  Sequence sequence = NewSequence();
  ASSERT_TRUE(Append(sequence, 16).ok());
  sequence.table.Truncate(5);
  EXPECT_EQ(pool_->num_free(), 10);
  ASSERT_TRUE(sequence.table.Append(11).ok());
  EXPECT_EQ(sequence.table.block_ids(), (std::vector<BlockId>{0, 1, 2, 3}));
  sequence.table.Truncate(0);
  EXPECT_EQ(pool_->num_free(), 12);
}

TEST_F(BlockTableTest, AdoptsFullBlocksAndCopiesTheHeadOfAnother) {
  Sequence first = NewSequence();
  ASSERT_TRUE(Append(first, 8).ok());
  Sequence second = NewSequence();
  second.table.Adopt(first.table.block_ids()[0]);
  ASSERT_TRUE(second.table.AdoptCopy(first.table.block_ids()[1], 3).ok());
  second.values.assign(first.values.begin(), first.values.begin() + 7);
  EXPECT_EQ(second.table.num_tokens(), 7);
  EXPECT_EQ(pool_->num_free(), 9);
  ASSERT_TRUE(Append(second, 5).ok());
  EXPECT_EQ(Read(*pool_, first.table), first.values);
  EXPECT_EQ(Read(*pool_, second.table), second.values);
}

TEST_F(BlockTableTest, CopiesNoHeadIntoAFullPool) {
  Sequence first = NewSequence();
  ASSERT_TRUE(Append(first, 48).ok());
  BlockTable second(*pool_);
  EXPECT_EQ(second.AdoptCopy(first.table.block_ids()[1], 3).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(second.num_tokens(), 0);
}

TEST_F(BlockTableTest, ReplacesABlockByAnEqualOne) {
  Sequence first = NewSequence();
  ASSERT_TRUE(Append(first, 6).ok());
  Sequence second = NewSequence();
  ASSERT_TRUE(Append(second, 6).ok());
  second.table.Replace(0, first.table.block_ids()[0]);
  EXPECT_EQ(pool_->num_free(), 9);
  EXPECT_EQ(pool_->num_owners(first.table.block_ids()[0]), 2);
  EXPECT_DEATH(second.table.Replace(1, 0), "");  // not full
}

TEST_F(BlockTableTest, MovingEmptiesTheSource) {
  Sequence sequence = NewSequence();
  ASSERT_TRUE(Append(sequence, 6).ok());
  BlockTable moved = std::move(sequence.table);
  EXPECT_EQ(moved.num_tokens(), 6);
  EXPECT_EQ(sequence.table.num_tokens(), 0);
  EXPECT_TRUE(sequence.table.block_ids().empty());
  EXPECT_TRUE(sequence.table.Append(1).ok());
  sequence.table = std::move(moved);  // returns the block it had
  EXPECT_EQ(sequence.table.num_tokens(), 6);
  EXPECT_EQ(moved.num_tokens(), 0);
  EXPECT_EQ(pool_->num_free(), 10);
}

TEST_F(BlockTableTest, MisuseEndsTheProcess) {
  Sequence sequence = NewSequence();
  ASSERT_TRUE(Append(sequence, 2).ok());
  EXPECT_DEATH(sequence.table.Truncate(3), "to 3 of 2 tokens");
  EXPECT_DEATH(sequence.table.Truncate(-1), "to -1 of 2 tokens");
  EXPECT_DEATH(sequence.table.Append(-1).IgnoreError(), "-1 tokens");
  EXPECT_DEATH(sequence.table.Adopt(0), "behind a partial tail");
}

// Everything that has to hold whatever was done before.
void CheckInvariants(BlockPool& pool, const std::vector<Sequence>& sequences) {
  std::vector<int> num_owners(pool.num_blocks());
  for (const Sequence& sequence : sequences) {
    ASSERT_EQ(sequence.table.num_tokens(), sequence.values.size());
    ASSERT_EQ(sequence.table.block_ids().size(),
              (sequence.values.size() + 3) / 4);
    ASSERT_EQ(Read(pool, sequence.table), sequence.values);
    for (const BlockId id : sequence.table.block_ids()) ++num_owners[id];
  }
  int num_free = 0;
  for (BlockId id = 0; id < pool.num_blocks(); ++id) {
    ASSERT_EQ(pool.num_owners(id), num_owners[id]) << "block " << id;
    num_free += num_owners[id] == 0;
  }
  ASSERT_EQ(pool.num_free(), num_free);
}

TEST_F(BlockTableTest, RandomOperationsAgreeWithPlainVectors) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  std::vector<Sequence> sequences;
  for (int step = 0; step < 20000; ++step) {
    const int operation = random() % 8;
    if (sequences.empty() || (operation == 0 && sequences.size() < 6)) {
      sequences.push_back(NewSequence());
      continue;
    }
    const size_t index = random() % sequences.size();
    Sequence& sequence = sequences[index];
    if (operation <= 4) {
      const int64_t num_tokens = random() % 10;
      const int64_t num_needed = sequence.table.NumBlocksToAppend(num_tokens);
      const int32_t num_free = pool_->num_free();
      const bool appended = Append(sequence, num_tokens).ok();
      ASSERT_EQ(appended, num_needed <= num_free);
      ASSERT_EQ(pool_->num_free(), num_free - (appended ? num_needed : 0));
    } else if (operation == 5) {
      const int64_t kept = random() % (sequence.values.size() + 1);
      sequence.table.Truncate(kept);
      sequence.values.resize(kept);
    } else if (operation == 6 && sequences.size() < 6) {
      Sequence fork = {sequence.table.Fork(), sequence.values};
      sequences.push_back(std::move(fork));
    } else if (operation == 7 && random() % 2 == 0) {
      std::swap(sequence, sequences.back());
      sequences.pop_back();
    }
    ASSERT_NO_FATAL_FAILURE(CheckInvariants(*pool_, sequences))
        << "step " << step;
  }
}

}  // namespace
}  // namespace tessera::kv_cache
