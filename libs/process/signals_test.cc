#include "libs/process/signals.h"

#include <signal.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace tessera::process {
namespace {

TEST(SignalsTest, WaitTellsWhichCameAndOnlyOnce) {
  Signals signals;
  EXPECT_EQ(signals.Wait(absl::ZeroDuration()), Signal::kNone);
  kill(getpid(), SIGTERM);
  EXPECT_EQ(signals.Wait(absl::Seconds(10)), Signal::kStop);
  kill(getpid(), SIGHUP);
  EXPECT_EQ(signals.Wait(absl::Seconds(10)), Signal::kReload);
  kill(getpid(), SIGINT);
  EXPECT_EQ(signals.Wait(absl::Seconds(10)), Signal::kStop);
  EXPECT_EQ(signals.Wait(absl::ZeroDuration()), Signal::kNone);
}

TEST(SignalsTest, ABrokenPipeIsNoEnd) {
  Signals signals;
  kill(getpid(), SIGPIPE);
  EXPECT_EQ(signals.Wait(absl::ZeroDuration()), Signal::kNone);
}

}  // namespace
}  // namespace tessera::process
