#include "libs/device/worker_team.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"

namespace tessera::device {
namespace {

constexpr int kMaxThreads = 1024;
// A pause takes about 40 cycles: some 50 us of spinning, more than any worker
// waits at a barrier unless it lost its core.
constexpr int kSpins = 4096;
// Between two forward passes a sampler runs for tens of microseconds; sleeping
// costs more than that.
constexpr int kIdleSpins = 20000;

inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

std::vector<int> AvailableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (CPU_ISSET(core, &set)) cores.push_back(core);
    }
  }
  if (cores.empty()) cores.push_back(0);
  return cores;
}

void PinThisThread(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  // Best effort: an unpinned thread is slower, not wrong.
  (void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

}  // namespace

int NumAvailableCores() { return static_cast<int>(AvailableCores().size()); }

void Worker::Barrier() {
  if (size_ == 1) return;
  WorkerTeam& team = *team_;
  const uint32_t phase = team.barrier_phase_.load(std::memory_order_relaxed);
  if (team.num_arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 ==
      static_cast<uint32_t>(size_)) {
    team.num_arrived_.store(0, std::memory_order_relaxed);
    team.barrier_phase_.store(phase + 1, std::memory_order_release);
    return;
  }
  team.Wait(team.barrier_phase_, phase);
}

Range Worker::Share(int64_t num_items, int64_t granule) const {
  const int64_t granules = (num_items + granule - 1) / granule;
  const int64_t begin = granules * rank_ / size_ * granule;
  const int64_t end = granules * (rank_ + 1) / size_ * granule;
  return {std::min(begin, num_items), std::min(end, num_items)};
}

void Worker::ForEach(int64_t num_items, absl::FunctionRef<void(int64_t)> body) {
  if (size_ == 1) {
    for (int64_t i = 0; i < num_items; ++i) body(i);
    return;
  }
  // Two counters take turns: the one not in use is reset before the barrier
  // that ends this loop, when nobody can be drawing from it.
  std::atomic<int64_t>& tickets = team_->tickets_[num_loops_ % 2];
  std::atomic<int64_t>& next = team_->tickets_[(num_loops_ + 1) % 2];
  ++num_loops_;
  for (int64_t i;
       (i = tickets.fetch_add(1, std::memory_order_relaxed)) < num_items;) {
    body(i);
  }
  if (rank_ == 0) next.store(0, std::memory_order_relaxed);
  Barrier();
}

absl::StatusOr<std::unique_ptr<WorkerTeam>> WorkerTeam::Create(
    const WorkerTeamOptions& options) {
  if (options.num_threads < 0 || options.num_threads > kMaxThreads) {
    return absl::InvalidArgumentError(absl::StrCat("threads ",
                                                   options.num_threads,
                                                   ": must be from 0 (one a "
                                                   "core) to ",
                                                   kMaxThreads));
  }
  return std::unique_ptr<WorkerTeam>(new WorkerTeam(options));
}

WorkerTeam::WorkerTeam(const WorkerTeamOptions& options) {
  std::vector<int> cores = AvailableCores();
  const int num_cores = static_cast<int>(cores.size());
  const int size = options.num_threads > 0 ? options.num_threads : num_cores;
  leaves_cores_ = size < num_cores;
  spins_before_yield_ = size <= num_cores ? kSpins : 0;
  if (options.pin && size <= num_cores && size > 1) cores_ = std::move(cores);
  workers_.resize(size);
  for (int rank = 0; rank < size; ++rank) {
    workers_[rank].team_ = this;
    workers_[rank].rank_ = rank;
    workers_[rank].size_ = size;
    workers_[rank].kernels_ = options.kernels;
  }
  if (!cores_.empty()) PinThisThread(cores_[0]);
  for (int rank = 1; rank < size; ++rank) {
    threads_.emplace_back([this, rank] { ThreadMain(rank); });
  }
}

WorkerTeam::~WorkerTeam() {
  stop_.store(true);
  run_.fetch_add(1);
  run_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerTeam::Wait(const std::atomic<uint32_t>& word, uint32_t old) const {
  for (int spins = 0; word.load(std::memory_order_acquire) == old; ++spins) {
    if (spins < spins_before_yield_) {
      Pause();
    } else {
      std::this_thread::yield();
    }
  }
}

void WorkerTeam::Run(absl::FunctionRef<void(Worker&)> body) {
  body_ = &body;
  if (!threads_.empty()) {
    run_.fetch_add(1, std::memory_order_release);
    run_.notify_all();
  }
  body(workers_[0]);
  workers_[0].Barrier();
}

void WorkerTeam::ThreadMain(int rank) {
  if (!cores_.empty()) PinThisThread(cores_[rank]);
  for (uint32_t seen = 0;; ++seen) {
    for (int spins = 0; spins < kIdleSpins && spins_before_yield_ > 0 &&
                        run_.load(std::memory_order_acquire) == seen;
         ++spins) {
      Pause();
    }
    run_.wait(seen, std::memory_order_acquire);
    if (stop_.load()) return;
    (*body_)(workers_[rank]);
    workers_[rank].Barrier();
  }
}

}  // namespace tessera::device
