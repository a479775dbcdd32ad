// Options that every serving process has.
#pragma once

#include "absl/time/time.h"
#include "libs/log/log.h"
#include "libs/options/flags.h"

namespace tessera::monitoring {

struct ProcessOptions {
  // Running requests get so long to finish after SIGTERM.
  absl::Duration drain_timeout = absl::Seconds(30);
  log::Format log_format = log::Format::kText;
};

// Declares --drain-timeout, --log-format.
void AddProcessFlags(options::Flags* flags, ProcessOptions* options);

}  // namespace tessera::monitoring
