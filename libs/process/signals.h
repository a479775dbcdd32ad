// Signals as answers to a question, not events that strike.
#pragma once

#include "absl/time/time.h"

namespace tessera::process {

enum class Signal { kNone, kStop, kReload };

// While one exists, SIGTERM and SIGINT (kStop) and SIGHUP (kReload) end
// nothing: they wait until Wait takes them. Made first thing in main, since
// threads started later inherit it. SIGPIPE is ignored for good: writing to a
// peer that is gone is an error, not an end.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // The next signal, waited for as long as `timeout`; kNone: none came.
  Signal Wait(absl::Duration timeout);
};

}  // namespace tessera::process
