#include "libs/process/signals.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <algorithm>

namespace tessera::process {
namespace {

sigset_t Handled() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

Signals::Signals() {
  signal(SIGPIPE, SIG_IGN);
  const sigset_t set = Handled();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Signals::~Signals() {
  const sigset_t set = Handled();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

Signal Signals::Wait(absl::Duration timeout) {
  const sigset_t set = Handled();
  const timespec time = absl::ToTimespec(
      std::clamp(timeout, absl::ZeroDuration(), absl::Hours(1)));
  switch (sigtimedwait(&set, nullptr, &time)) {
    case SIGTERM:
    case SIGINT:
      return Signal::kStop;
    case SIGHUP:
      return Signal::kReload;
    default:
      return Signal::kNone;
  }
}

}  // namespace tessera::process
