#include "libs/metrics/process_usage.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <vector>

#include "gtest/gtest.h"

namespace tessera::metrics {
namespace {

TEST(ProcessUsageTest, CountsCpuTime) {
  const double before = ReadProcessUsage().cpu_seconds;
  const std::clock_t end = std::clock() + CLOCKS_PER_SEC / 20;
  while (std::clock() < end) {
  }
  EXPECT_GE(ReadProcessUsage().cpu_seconds, before + 0.04);
}

TEST(ProcessUsageTest, CountsMemory) {
  const ProcessUsage before = ReadProcessUsage();
  const std::vector<char> memory(64 << 20, 1);
  const ProcessUsage after = ReadProcessUsage();
  EXPECT_GE(after.resident_bytes, before.resident_bytes + (60 << 20));
  EXPECT_GE(after.virtual_bytes, after.resident_bytes);
  EXPECT_EQ(memory.back(), 1);
}

TEST(ProcessUsageTest, CountsOpenFiles) {
  const int64_t before = ReadProcessUsage().num_open_files;
  const int file = ::open("/dev/null", O_RDONLY);
  EXPECT_EQ(ReadProcessUsage().num_open_files, before + 1);
  ::close(file);
  EXPECT_GT(ReadProcessUsage().max_open_files, before);
}

TEST(ProcessUsageTest, KnowsWhenItStarted) {
  const double now = std::time(nullptr);
  const double start = ReadProcessUsage().start_time_seconds;
  EXPECT_GT(start, now - 3600);
  EXPECT_LT(start, now + 2);
}

}  // namespace
}  // namespace tessera::metrics
