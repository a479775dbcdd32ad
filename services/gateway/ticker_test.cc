#include "services/gateway/ticker.h"

#include <condition_variable>
#include <mutex>

#include "gtest/gtest.h"

namespace tessera::gateway {
namespace {

TEST(TickerTest, TicksUntilItEnds) {
  std::mutex mutex;
  std::condition_variable ticked;
  int ticks = 0;
  {
    Ticker ticker(absl::Milliseconds(1), [&] {
      std::lock_guard<std::mutex> lock(mutex);
      ++ticks;
      ticked.notify_all();
    });
    std::unique_lock<std::mutex> lock(mutex);
    ticked.wait(lock, [&] { return ticks >= 3; });
  }
  const int at_end = ticks;  // nobody else is there any more
  EXPECT_GE(at_end, 3);
}

TEST(TickerTest, EndsAtOnceWhateverItsPeriod) {
  Ticker ticker(absl::Hours(100), [] { FAIL(); });
}

}  // namespace
}  // namespace tessera::gateway
