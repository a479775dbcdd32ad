// A disk that takes no more: the process's own limit of a file's size stands
// for it, as that needs no rights.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "services/prefix_cache/store.h"
#include "services/prefix_cache/test_blocks.h"

namespace tessera::prefix_cache {
namespace {

constexpr int64_t kPayloadBytes = 100'000;

void LimitFiles(rlim_t bytes) {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = bytes;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST(StoreFullDiskTest, GoesOnInMemoryAndWritesAgainWhenThereIsRoom) {
  signal(SIGXFSZ, SIG_IGN);
  StoreOptions options;
  options.directory = NewDirectory();
  options.disk_bytes = 64 << 20;
  auto store = *Store::Create(options);
  for (int i = 1; i <= 5; ++i) store->Put(BlockOf(i, 0, kPayloadBytes));
  store->WaitUntilWritten();
  ASSERT_EQ(store->Stats().disk_blocks, 5);

  ASSERT_NO_FATAL_FAILURE(LimitFiles(300'000));
  for (int i = 6; i <= 60; ++i) {
    ASSERT_EQ(store->Put(BlockOf(i, 0, kPayloadBytes)), PutOutcome::kStored);
    if (i % 10 == 0) store->WaitUntilWritten();
  }
  EXPECT_GT(store->Stats().num_failed_writes, 0);
  EXPECT_GT(store->Stats().num_dropped_writes, 0);
  for (int i = 1; i <= 60; ++i) {
    EXPECT_TRUE(store->Read(HashOf(i)).has_value()) << i;
  }

  ASSERT_NO_FATAL_FAILURE(LimitFiles(RLIM_INFINITY));
  // Within a few of the writer's attempts.
  for (int i = 61; i < 200 && store->Stats().disk_blocks < 10; ++i) {
    store->Put(BlockOf(i, 0, kPayloadBytes));
    usleep(100'000);
  }
  EXPECT_GE(store->Stats().disk_blocks, 10);
  for (int i = 1; i <= 60; ++i) {
    EXPECT_TRUE(store->Read(HashOf(i)).has_value()) << i;
  }
}

TEST(StoreFullDiskTest, ADirectoryThatCannotBeWrittenIsAnError) {
  StoreOptions options;
  options.directory = "/proc/no/such/place";
  EXPECT_EQ(Store::Create(options).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tessera::prefix_cache
