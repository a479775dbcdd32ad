// WorkerTeam: threads that run one function together, kernel after kernel.
//
// A forward pass is one Run(): every worker walks through the same sequence of
// kernels, does its share of each, and meets the others at a handful of
// barriers. Waiting workers spin, for a kernel lasts microseconds; they give
// the core away where threads outnumber cores, and sleep between runs.
//
// Kernels take a Worker&: it says which share is theirs and which set of
// kernels to use. Nothing about the result may depend on rank or size.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "libs/device/cpu_features.h"

namespace tessera::device {

class WorkerTeam;

struct Range {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
};

class Worker {
 public:
  int rank() const { return rank_; }
  int size() const { return size_; }
  KernelSet kernels() const { return kernels_; }

  // Returns once every worker of the team has called it.
  void Barrier();

  // This worker's part of [0, num_items), cut at multiples of `granule`; the
  // parts of all workers are disjoint, in rank order, and cover everything.
  Range Share(int64_t num_items, int64_t granule = 1) const;

  // Calls body(i) for each i in [0, num_items), each on whichever worker is
  // free. All workers call it; returns after a barrier.
  void ForEach(int64_t num_items, absl::FunctionRef<void(int64_t)> body);

 private:
  friend class WorkerTeam;
  WorkerTeam* team_ = nullptr;
  int rank_ = 0;
  int size_ = 1;
  KernelSet kernels_ = KernelSet::kReference;
  uint32_t num_loops_ = 0;  // ForEach calls so far: the same on every worker
};

struct WorkerTeamOptions {
  int num_threads = 0;  // 0: as many as cores this process may run on
  bool pin = true;      // one core a thread, where there are enough cores
  KernelSet kernels = BestKernelSet(HostCpuFeatures());
};

// Cores that this process may run on.
int NumAvailableCores();

class WorkerTeam {
 public:
  // InvalidArgument: num_threads below 0 or above 1,024.
  static absl::StatusOr<std::unique_ptr<WorkerTeam>> Create(
      const WorkerTeamOptions& options);
  ~WorkerTeam();
  WorkerTeam(const WorkerTeam&) = delete;
  WorkerTeam& operator=(const WorkerTeam&) = delete;

  int size() const { return static_cast<int>(workers_.size()); }
  // The process may run on more cores than it has threads.
  bool leaves_cores() const { return leaves_cores_; }
  KernelSet kernels() const { return workers_[0].kernels(); }

  // Runs body on every worker, the calling thread being rank 0, and returns
  // when all are done. One thread at a time may call it.
  void Run(absl::FunctionRef<void(Worker&)> body);

 private:
  friend class Worker;
  explicit WorkerTeam(const WorkerTeamOptions& options);
  void ThreadMain(int rank);
  void Wait(const std::atomic<uint32_t>& word, uint32_t old) const;

  // Each on a cache line of its own: workers spin on them.
  alignas(64) std::atomic<uint32_t> num_arrived_{0};
  alignas(64) std::atomic<uint32_t> barrier_phase_{0};
  alignas(64) std::atomic<uint32_t> run_{0};  // number of Run calls begun
  alignas(64) std::atomic<int64_t> tickets_[2] = {0, 0};
  alignas(64) std::atomic<bool> stop_{false};
  const absl::FunctionRef<void(Worker&)>* body_ = nullptr;
  int spins_before_yield_ = 0;
  bool leaves_cores_ = false;
  std::vector<int> cores_;  // to pin to; empty: not pinned
  std::vector<Worker> workers_;
  std::vector<std::thread> threads_;
};

}  // namespace tessera::device
