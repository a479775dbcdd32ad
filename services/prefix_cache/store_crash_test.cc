// A process that is killed at any moment leaves whole blocks or none.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "services/prefix_cache/store.h"
#include "services/prefix_cache/test_blocks.h"

namespace tessera::prefix_cache {
namespace {

constexpr int kNumBlocks = 400;
constexpr int64_t kPayloadBytes = 60'000;

StoreOptions OptionsFor(const std::string& directory) {
  StoreOptions options;
  options.directory = directory;
  options.memory_bytes = 10 * kPayloadBytes;
  options.disk_bytes = kMinDiskBytes;
  return options;
}

// Puts and evicts until it is killed.
[[noreturn]] void PutForever(const std::string& directory, int seed) {
  auto store = Store::Create(OptionsFor(directory));
  if (!store.ok()) _exit(1);
  std::mt19937 random(seed);
  while (true) {
    const uint32_t value = 1 + random() % kNumBlocks;
    (*store)->Put(BlockOf(value, value / 3, kPayloadBytes));
    if (random() % 500 == 0) (*store)->Evict(kTestRoot);
    (*store)->Read(HashOf(1 + random() % kNumBlocks));
  }
}

TEST(StoreCrashTest, EveryBlockThatIsGotAfterAKillIsWhole) {
  const std::string directory = NewDirectory();
  std::mt19937 random(std::random_device{}());
  int64_t num_got = 0;
  for (int round = 0; round < 12; ++round) {
    const pid_t child = fork();
    if (child == 0) PutForever(directory, round);
    usleep(20'000 + random() % 300'000);
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";

    auto store = Store::Create(OptionsFor(directory));
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_FALSE((*store)->disk_was_damaged());
    for (int value = 1; value <= kNumBlocks; ++value) {
      const auto found = (*store)->Read(HashOf(value));
      if (!found.has_value()) continue;
      const auto payload = PayloadOf(value, kPayloadBytes);
      ASSERT_EQ(found->record->payload(), ByteSpan(payload)) << value;
      ++num_got;
    }
    EXPECT_EQ((*store)->Stats().num_torn_blocks, 0);
  }
  EXPECT_GT(num_got, 100);  // it does survive
}

}  // namespace
}  // namespace tessera::prefix_cache
