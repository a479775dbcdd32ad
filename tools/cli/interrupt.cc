#include "tools/cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

namespace tessera::cli {
namespace {

sigset_t SigintAlone() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

Interrupt::Interrupt() { Allow(false); }

Interrupt::~Interrupt() {
  Requested();
  Allow(true);
}

bool Interrupt::Requested() {
  const sigset_t set = SigintAlone();
  const timespec no_wait = {};
  return sigtimedwait(&set, nullptr, &no_wait) == SIGINT;
}

void Interrupt::Allow(bool allowed) {
  const sigset_t set = SigintAlone();
  pthread_sigmask(allowed ? SIG_UNBLOCK : SIG_BLOCK, &set, nullptr);
}

}  // namespace tessera::cli
