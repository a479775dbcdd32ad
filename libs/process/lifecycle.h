// The life of a serving process: serve, drain, end.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/process/signals.h"

namespace tessera::process {

struct Lifecycle {
  // Turns readiness off and new requests away; those running go on.
  std::function<void()> begin_drain;
  // Requests that run.
  std::function<int()> num_active;
  // SIGHUP; may be empty.
  std::function<void()> reload;
  // Why the process can't go on, if it can't; may be empty.
  std::function<absl::Status()> failure;
  // Running requests get so long to finish.
  absl::Duration drain_timeout = absl::Seconds(30);
};

// Returns when the process should end: the first stop signal starts the drain,
// which lasts until nothing runs, drain_timeout is over, or a second stop
// signal comes; or with what `failure` returned.
absl::Status RunUntilStopped(Signals* signals, const Lifecycle& lifecycle);

}  // namespace tessera::process
