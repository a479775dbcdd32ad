#include "libs/process/lifecycle.h"

#include "absl/time/clock.h"

namespace tessera::process {
namespace {

// How soon a failure, or the last request's end, is noticed.
constexpr absl::Duration kServingPoll = absl::Milliseconds(100);
constexpr absl::Duration kDrainPoll = absl::Milliseconds(10);

// False: it failed.
absl::Status Serve(Signals* signals, const Lifecycle& lifecycle) {
  while (true) {
    const Signal signal = signals->Wait(kServingPoll);
    if (signal == Signal::kStop) return absl::OkStatus();
    if (signal == Signal::kReload && lifecycle.reload) lifecycle.reload();
    if (!lifecycle.failure) continue;
    if (absl::Status status = lifecycle.failure(); !status.ok()) return status;
  }
}

}  // namespace

absl::Status RunUntilStopped(Signals* signals, const Lifecycle& lifecycle) {
  if (absl::Status status = Serve(signals, lifecycle); !status.ok()) {
    return status;
  }
  lifecycle.begin_drain();
  const absl::Time end = absl::Now() + lifecycle.drain_timeout;
  while (lifecycle.num_active() > 0 && absl::Now() < end) {
    if (signals->Wait(kDrainPoll) == Signal::kStop) break;
  }
  return absl::OkStatus();
}

}  // namespace tessera::process
