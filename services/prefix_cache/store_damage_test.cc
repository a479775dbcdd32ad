// Bytes that change in any file of the store cost hits and nothing else.
#include <fstream>

#include "gtest/gtest.h"
#include "services/prefix_cache/store.h"
#include "services/prefix_cache/test_blocks.h"

namespace tessera::prefix_cache {
namespace {

constexpr int kNumBlocks = 120;
constexpr int64_t kPayloadBytes = 20'000;

StoreOptions OptionsFor(const std::string& directory) {
  StoreOptions options;
  options.directory = directory;
  options.memory_bytes = 0;
  options.disk_bytes = kMinDiskBytes;
  return options;
}

// A store of chains of ten, in several files.
void Fill(const std::string& directory) {
  auto store = Store::Create(OptionsFor(directory));
  ASSERT_TRUE(store.ok()) << store.status();
  for (int value = 1; value <= kNumBlocks; ++value) {
    (*store)->Put(
        BlockOf(value, value % 10 == 1 ? 0 : value - 1, kPayloadBytes));
  }
}

// What is got is right. Returns how many blocks it were.
int ReadAll(Store* store) {
  int num_got = 0;
  for (int value = 1; value <= kNumBlocks; ++value) {
    const auto found = store->Read(HashOf(value));
    if (!found.has_value()) continue;
    const auto payload = PayloadOf(value, kPayloadBytes);
    EXPECT_EQ(found->record->payload(), ByteSpan(payload)) << value;
    EXPECT_EQ(found->record->tokens()[0], value);
    ++num_got;
  }
  return num_got;
}

std::vector<std::string> FilesIn(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(directory)) {
    if (file.is_regular_file() && file.file_size() > 0) {
      files.push_back(file.path());
    }
  }
  return files;
}

void Flip(const std::string& path, int64_t every, std::mt19937* random) {
  const int64_t size = std::filesystem::file_size(path);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  for (int64_t i = 0; i < size / every + 1; ++i) {
    const int64_t at = (*random)() % size;
    file.seekg(at);
    const char byte = file.get();
    file.seekp(at);
    file.put(byte ^ (1 + (*random)() % 255));
  }
}

// Read, and then used as if nothing had happened.
void ExpectServes(const std::string& directory) {
  {
    auto store = Store::Create(OptionsFor(directory));
    ASSERT_TRUE(store.ok()) << store.status();
    ReadAll(store->get());
    (*store)->WaitUntilWritten();
    EXPECT_EQ((*store)->Stats().num_failed_writes, 0);
  }
  Fill(directory);
  auto store = Store::Create(OptionsFor(directory));
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(ReadAll(store->get()), kNumBlocks);
}

TEST(StoreDamageTest, EachFileAlone) {
  const std::string whole = NewDirectory();
  ASSERT_NO_FATAL_FAILURE(Fill(whole));
  ASSERT_NO_FATAL_FAILURE(Fill(whole));  // now some are out of the log
  std::mt19937 random(std::random_device{}());
  for (const std::string& file : FilesIn(whole)) {
    const std::string copy = NewDirectory();
    std::filesystem::copy(whole, copy,
                          std::filesystem::copy_options::recursive);
    Flip(copy + file.substr(whole.size()), 4096, &random);
    SCOPED_TRACE(file);
    ASSERT_NO_FATAL_FAILURE(ExpectServes(copy));
    std::filesystem::remove_all(copy);
  }
}

TEST(StoreDamageTest, AllFilesAtOnceAndMissingOnes) {
  std::mt19937 random(std::random_device{}());
  for (int round = 0; round < 6; ++round) {
    const std::string directory = NewDirectory();
    ASSERT_NO_FATAL_FAILURE(Fill(directory));
    for (const std::string& file : FilesIn(directory)) {
      if (round >= 3 && random() % 3 == 0) {
        std::filesystem::remove(file);
      } else {
        Flip(file, 1 << (10 + 2 * round), &random);
      }
    }
    ASSERT_NO_FATAL_FAILURE(ExpectServes(directory)) << "round " << round;
  }
}

TEST(StoreDamageTest, ABlocksDamageIsAMissForAllBelowItAndCounted) {
  const std::string directory = NewDirectory();
  ASSERT_NO_FATAL_FAILURE(Fill(directory));
  // Payloads of every block are damaged, wherever they are.
  std::mt19937 random(1);
  for (const std::string& file : FilesIn(directory)) {
    if (file.find(".blob") != std::string::npos) Flip(file, 4000, &random);
  }
  auto store = Store::Create(OptionsFor(directory));
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_EQ((*store)->Stats().disk_blocks, kNumBlocks);
  const int num_got = ReadAll(store->get());
  const StoreStats stats = (*store)->Stats();
  EXPECT_GT(stats.num_torn_blocks, 0);
  EXPECT_LT(num_got, kNumBlocks);
  (*store)->WaitUntilWritten();
  EXPECT_EQ((*store)->Stats().num_failed_writes, 0);
  EXPECT_EQ(ReadAll(store->get()), num_got);  // what is bad is gone
  EXPECT_EQ((*store)->Stats().num_torn_blocks, stats.num_torn_blocks);
}

}  // namespace
}  // namespace tessera::prefix_cache
