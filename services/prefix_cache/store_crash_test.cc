// A process that is killed at any moment leaves whole blocks or none.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <new>

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

// What the children tell their parent, in memory that they share with it.
struct Told {
  std::atomic<int64_t> num_written = 0;
  std::atomic<int64_t> num_got = 0;
  std::atomic<int64_t> num_wrong = 0;
  std::atomic<int64_t> num_torn = 0;
  std::atomic<bool> was_damaged = false;
};

// Every store is a child's: RocksDB's threads are one set a process, and a
// fork would inherit the belief in them without the threads.
pid_t Fork(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child != 0) return child;
  body();
  _exit(0);
}

// Puts and evicts until it is killed.
void PutForever(const std::string& directory, int seed, Told* told) {
  auto store = Store::Create(OptionsFor(directory));
  if (!store.ok()) _exit(1);
  std::mt19937 random(seed);
  while (true) {
    const uint32_t value = 1 + random() % kNumBlocks;
    (*store)->Put(BlockOf(value, value / 3, kPayloadBytes));
    if (random() % 500 == 0) (*store)->Evict(kTestRoot);
    (*store)->Read(HashOf(1 + random() % kNumBlocks));
    told->num_written = (*store)->Stats().num_written;
  }
}

void ReadAll(const std::string& directory, Told* told) {
  auto store = Store::Create(OptionsFor(directory));
  if (!store.ok()) _exit(1);
  told->was_damaged = (*store)->disk_was_damaged();
  for (int value = 1; value <= kNumBlocks; ++value) {
    const auto found = (*store)->Read(HashOf(value));
    if (!found.has_value()) continue;
    const auto payload = PayloadOf(value, kPayloadBytes);
    const bool is_right = found->record->payload() == ByteSpan(payload);
    ++(is_right ? told->num_got : told->num_wrong);
  }
  told->num_torn = (*store)->Stats().num_torn_blocks;
}

bool HasEnded(pid_t child) {
  siginfo_t info = {};
  return waitid(P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid == child;
}

TEST(StoreCrashTest, EveryBlockThatIsGotAfterAKillIsWhole) {
  void* memory = mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  Told* told = new (memory) Told();
  const std::string directory = NewDirectory();
  std::mt19937 random(std::random_device{}());
  for (int round = 0; round < 12; ++round) {
    told->num_written = 0;
    const pid_t child = Fork([&] { PutForever(directory, round, told); });
    // At whatever it does behind so many writes.
    const int64_t num_wanted = random() % 50;
    while (told->num_written < num_wanted && !HasEnded(child)) usleep(1000);
    usleep(random() % 20'000);
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";

    const pid_t reader = Fork([&] { ReadAll(directory, told); });
    ASSERT_EQ(waitpid(reader, &status, 0), reader);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_EQ(told->num_wrong, 0);
    EXPECT_EQ(told->num_torn, 0);
    EXPECT_FALSE(told->was_damaged);
  }
  EXPECT_GT(told->num_got, 100);  // it does survive
}

}  // namespace
}  // namespace tessera::prefix_cache
