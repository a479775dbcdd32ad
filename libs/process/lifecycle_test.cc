#include "libs/process/lifecycle.h"

#include <signal.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace tessera::process {
namespace {

TEST(LifecycleTest, DrainsUntilNothingRuns) {
  Signals signals;
  int num_active = 3;
  bool is_draining = false;
  kill(getpid(), SIGTERM);
  const absl::Status status = RunUntilStopped(
      &signals, {.begin_drain = [&] { is_draining = true; },
                 .num_active = [&] { return is_draining ? num_active-- : 9; },
                 .drain_timeout = absl::InfiniteDuration()});
  EXPECT_TRUE(status.ok());
  EXPECT_TRUE(is_draining);
  EXPECT_LE(num_active, 0);
}

TEST(LifecycleTest, ASecondSignalEndsTheDrain) {
  Signals signals;
  kill(getpid(), SIGTERM);
  const absl::Status status =
      RunUntilStopped(&signals, {.begin_drain = [] { kill(getpid(), SIGINT); },
                                 .num_active = [] { return 1; },
                                 .drain_timeout = absl::InfiniteDuration()});
  EXPECT_TRUE(status.ok());
}

TEST(LifecycleTest, TheDrainIsBounded) {
  Signals signals;
  kill(getpid(), SIGTERM);
  EXPECT_TRUE(
      RunUntilStopped(&signals, {.begin_drain = [] {},
                                 .num_active = [] { return 1; },
                                 .drain_timeout = absl::Milliseconds(30)})
          .ok());
}

TEST(LifecycleTest, ReloadsAndGoesOn) {
  Signals signals;
  int num_reloads = 0;
  kill(getpid(), SIGHUP);
  EXPECT_TRUE(RunUntilStopped(&signals, {.begin_drain = [] {},
                                         .num_active = [] { return 0; },
                                         .reload =
                                             [&] {
                                               ++num_reloads;
                                               kill(getpid(), SIGTERM);
                                             }})
                  .ok());
  EXPECT_EQ(num_reloads, 1);
}

TEST(LifecycleTest, AFailureEndsIt) {
  Signals signals;
  EXPECT_EQ(
      RunUntilStopped(&signals,
                      {.begin_drain = [] {},
                       .num_active = [] { return 0; },
                       .failure = [] { return absl::NotFoundError("model"); }}),
      absl::NotFoundError("model"));
}

}  // namespace
}  // namespace tessera::process
