#include "services/speculator/client/availability.h"

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace tessera::speculator {
namespace {

constexpr absl::Duration kShort = absl::Milliseconds(1);

// Answers as it is told to.
struct Probed {
  std::atomic<bool> answers = true;
  std::atomic<int> num_probes = 0;

  std::function<absl::Status()> probe() {
    return [this] {
      ++num_probes;
      return answers ? absl::OkStatus() : absl::UnavailableError("gone");
    };
  }
};

void WaitUntil(const std::function<bool()>& is_true) {
  const absl::Time start = absl::Now();
  while (!is_true()) {
    ASSERT_LT(absl::Now(), start + absl::Seconds(30));
    absl::SleepFor(kShort);
  }
}

TEST(AvailabilityTest, NothingIsProbedBeforeItStarts) {
  Probed probed;
  Availability availability(probed.probe(), kShort, kShort);
  absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(probed.num_probes, 0);
  EXPECT_FALSE(availability.is_ready());
  availability.Start();
  WaitUntil([&] { return availability.is_ready(); });
}

TEST(AvailabilityTest, AFailureEndsItUntilAProbeAnswers) {
  Probed probed;
  Availability availability(probed.probe(), kShort, kShort);
  availability.Start();
  for (int i = 0; i < 5; ++i) {
    WaitUntil([&] { return availability.is_ready(); });
    probed.answers = false;
    availability.Failed(absl::UnavailableError("a call"));
    EXPECT_FALSE(availability.is_ready());
    const int before = probed.num_probes;
    WaitUntil([&] { return probed.num_probes > before + 2; });
    EXPECT_FALSE(availability.is_ready());
    probed.answers = true;
  }
}

TEST(AvailabilityTest, ReadyItIsNotProbed) {
  Probed probed;
  Availability availability(probed.probe(), kShort, kShort);
  availability.Start();
  WaitUntil([&] { return availability.is_ready(); });
  const int before = probed.num_probes;
  absl::SleepFor(absl::Milliseconds(20));
  EXPECT_EQ(probed.num_probes, before);
}

// Failures from elsewhere while it probes, and an end at any moment.
TEST(AvailabilityTest, EndsWhateverGoesOn) {
  for (int i = 0; i < 50; ++i) {
    Probed probed;
    Availability availability(probed.probe(), absl::Microseconds(i),
                              absl::Microseconds(50));
    availability.Start();
    std::thread caller([&] {
      for (int j = 0; j < 20; ++j) {
        availability.Failed(absl::UnavailableError("a call"));
        availability.Succeeded();
        std::this_thread::yield();
      }
    });
    if (i % 2 == 0) availability.Stop();
    caller.join();
  }
}

TEST(AvailabilityTest, ALongPauseDoesNotHoldUpTheEnd) {
  Probed probed;
  Availability availability(probed.probe(), absl::Hours(1), absl::Hours(1));
  availability.Start();
  WaitUntil([&] { return availability.is_ready(); });
  availability.Failed(absl::UnavailableError("a call"));
}

}  // namespace
}  // namespace tessera::speculator
