#include "services/prefix_cache/store.h"

#include <thread>

#include "gtest/gtest.h"
#include "services/prefix_cache/test_blocks.h"

namespace tessera::prefix_cache {
namespace {

constexpr int64_t kPayloadBytes = 20'000;
constexpr int64_t kCharge =
    kRecordHeaderBytes + 12 + kPayloadBytes + kBlockOverheadBytes;

class StoreTest : public testing::Test {
 protected:
  void Open(int64_t memory_blocks, bool on_disk = true) {
    StoreOptions options;
    options.memory_bytes = memory_blocks * kCharge;
    options.directory = on_disk ? directory_ : "";
    options.disk_bytes = kMinDiskBytes;
    Open(options);
  }
  void Open(const StoreOptions& options) {
    store_.reset();
    auto store = Store::Create(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  PutOutcome Put(uint32_t value, uint32_t parent) {
    return store_->Put(BlockOf(value, parent, kPayloadBytes));
  }
  // 1 below the root, 2 below 1, ...
  void PutChain(uint32_t length) {
    for (uint32_t i = 1; i <= length; ++i) {
      ASSERT_EQ(Put(i, i - 1), PutOutcome::kStored) << i;
    }
  }
  MatchedBlocks MatchChain(uint32_t length) {
    std::vector<Hash> chain;
    for (uint32_t i = 1; i <= length; ++i) chain.push_back(HashOf(i));
    return store_->Match(kTestRoot, chain);
  }
  void ExpectWhole(uint32_t value) {
    const auto found = store_->Read(HashOf(value));
    ASSERT_TRUE(found.has_value()) << value;
    const auto payload = PayloadOf(value, kPayloadBytes);
    EXPECT_EQ(found->record->payload(), ByteSpan(payload)) << value;
    EXPECT_EQ(found->record->tokens()[0], value);
  }

  const std::string directory_ = NewDirectory();
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, GivesBackWhatWasPutInMemoryAlone) {
  Open(10, /*on_disk=*/false);
  PutChain(3);
  EXPECT_EQ(Put(2, 1), PutOutcome::kPresent);
  EXPECT_EQ(Put(9, 8), PutOutcome::kNoParent);
  EXPECT_EQ(MatchChain(5).num_blocks, 3);
  for (int i = 1; i <= 3; ++i) ExpectWhole(i);
  EXPECT_FALSE(store_->Read(HashOf(9)).has_value());
}

TEST_F(StoreTest, ABlockBeyondTheLimitIsTooLarge) {
  StoreOptions options;
  options.max_block_bytes = 1000;
  Open(options);
  EXPECT_EQ(Put(1, 0), PutOutcome::kTooLarge);
}

TEST_F(StoreTest, WithoutRoomAnywhereNothingIsStored) {
  Open(0, /*on_disk=*/false);
  EXPECT_EQ(Put(1, 0), PutOutcome::kNoRoom);
  EXPECT_EQ(MatchChain(1).num_blocks, 0);
}

TEST_F(StoreTest, StartsWarmWithWhatWasWritten) {
  Open(2);
  PutChain(20);
  Open(2);
  EXPECT_EQ(MatchChain(20).num_blocks, 20);
  EXPECT_EQ(MatchChain(20).num_in_memory, 0);
  for (int i = 1; i <= 20; ++i) ExpectWhole(i);
  EXPECT_EQ(store_->Stats().num_disk_hits, 20);
}

TEST_F(StoreTest, AHitOnDiskIsInMemoryTheNextTime) {
  Open(2);
  PutChain(2);
  Open(2);
  ExpectWhole(1);
  ExpectWhole(1);
  EXPECT_EQ(store_->Stats().num_disk_hits, 1);
  EXPECT_EQ(store_->Stats().num_memory_hits, 1);
  EXPECT_EQ(MatchChain(2).num_in_memory, 1);
}

TEST_F(StoreTest, MemoryStaysWithinItsBoundWhileTheDiskKeepsTheRest) {
  Open(3);
  for (int i = 1; i <= 30; ++i) {
    ASSERT_EQ(Put(i, i - 1), PutOutcome::kStored);
    ASSERT_LE(store_->Stats().memory_bytes, 3 * kCharge);
  }
  store_->WaitUntilWritten();
  EXPECT_EQ(store_->Stats().disk_blocks, 30);
  EXPECT_EQ(MatchChain(30).num_blocks, 30);
  for (int i = 1; i <= 30; ++i) ExpectWhole(i);
}

TEST_F(StoreTest, ABlockThatIsReadStaysInMemory) {
  Open(2, /*on_disk=*/false);
  ASSERT_EQ(Put(1, 0), PutOutcome::kStored);
  const auto found = store_->Find(HashOf(1));
  for (int i = 2; i < 9; ++i) ASSERT_EQ(Put(i, 0), PutOutcome::kStored);
  ExpectWhole(1);
}

TEST_F(StoreTest, AFullQueueDropsTheWriteAndCountsIt) {
  StoreOptions options;
  options.directory = directory_;
  options.write_queue_bytes = 0;
  Open(options);
  PutChain(3);
  EXPECT_EQ(store_->Stats().num_dropped_writes, 3);
  EXPECT_EQ(MatchChain(3).num_blocks, 3);
  EXPECT_EQ(store_->Stats().disk_blocks, 0);
}

TEST_F(StoreTest, ARootsBlocksAreEvictedAlone) {
  Open(10);
  PutChain(3);
  const Hash other = HashOf(77);
  ASSERT_EQ(store_->Put(BlockOf(50, 0, kPayloadBytes, other)),
            PutOutcome::kStored);
  store_->WaitUntilWritten();
  EXPECT_EQ(store_->Evict(kTestRoot), 3);
  EXPECT_EQ(store_->Match(other, {HashOf(50)}).num_blocks, 1);
  Open(10);
  EXPECT_EQ(MatchChain(3).num_blocks, 0);
  EXPECT_EQ(store_->Match(other, {HashOf(50)}).num_blocks, 1);
  EXPECT_EQ(store_->EvictAll(), 1);
  Open(10);
  EXPECT_EQ(store_->Stats().disk_blocks, 0);
}

TEST_F(StoreTest, FilesStayWithinTheirBoundAndStemsOutliveBranches) {
  Open(4);
  ASSERT_EQ(Put(1, 0), PutOutcome::kStored);
  constexpr int kNum = 3000;  // 60 MB through 16 MiB
  for (int i = 2; i <= kNum; ++i) {
    ASSERT_EQ(Put(i, 1), PutOutcome::kStored);
    if (i % 100 != 0) continue;
    store_->WaitUntilWritten();
    ASSERT_LE(FileBytesIn(directory_), kMinDiskBytes) << i;
  }
  store_->WaitUntilWritten();
  const StoreStats stats = store_->Stats();
  EXPECT_EQ(stats.num_dropped_writes, 0);
  EXPECT_GT(stats.num_disk_evictions, 1000);
  EXPECT_GT(stats.disk_blocks, 100);
  ExpectWhole(1);
  ExpectWhole(kNum);
  EXPECT_FALSE(store_->Read(HashOf(2)).has_value());
}

TEST_F(StoreTest, TheOrderOfUseOutlivesARestart) {
  Open(1);
  for (int i = 1; i <= 400; ++i) ASSERT_EQ(Put(i, 0), PutOutcome::kStored);
  store_->WaitUntilWritten();
  ASSERT_EQ(store_->Stats().num_disk_evictions, 0);
  ExpectWhole(1);
  Open(1);
  for (int i = 401; i <= 700; ++i) ASSERT_EQ(Put(i, 0), PutOutcome::kStored);
  store_->WaitUntilWritten();
  ASSERT_GT(store_->Stats().num_disk_evictions, 50);
  ExpectWhole(1);
  EXPECT_FALSE(store_->Read(HashOf(2)).has_value());
}

TEST_F(StoreTest, TwoStoresDoNotShareADirectory) {
  Open(1);
  StoreOptions options;
  options.directory = directory_;
  EXPECT_EQ(Store::Create(options).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(StoreTest, ManyThreadsAtOnce) {
  Open(5);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (int i = 0; i < 300; ++i) {
        const uint32_t value = 1 + random() % 40;
        if (random() % 3 == 0) Put(value, value / 2);
        if (random() % 100 == 0) store_->Evict(kTestRoot);
        const auto found = store_->Read(HashOf(value));
        if (!found.has_value()) continue;
        const auto payload = PayloadOf(value, kPayloadBytes);
        ASSERT_EQ(found->record->payload(), ByteSpan(payload));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store_->Stats().num_torn_blocks, 0);
  EXPECT_LE(store_->Stats().memory_bytes, 5 * kCharge);
}

}  // namespace
}  // namespace tessera::prefix_cache
