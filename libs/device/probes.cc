#include "libs/device/probes.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/device/probes_loops.h"

namespace tessera::device {
namespace {

constexpr int64_t kReadGranule = 4096;

double Seconds() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

uint64_t ReadAllReference(const uint8_t* data, int64_t num_bytes) {
  uint64_t sum = 0;
  for (int64_t i = 0; i < num_bytes; ++i) sum += data[i];
  return sum;
}

uint64_t ReadAll(KernelSet kernels, const uint8_t* data, int64_t num_bytes) {
#if defined(__x86_64__)
  kernels = VectorKernels(kernels);
  if (kernels == KernelSet::kAvx512) return ReadAllAvx512(data, num_bytes);
  if (kernels == KernelSet::kAvx2) return ReadAllAvx2(data, num_bytes);
#endif
  return ReadAllReference(data, num_bytes);
}

constexpr int64_t kF32OperationsReference = 16 * 2;

float LoopF32Reference(int64_t num_steps) {
  float chains[16] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (int64_t step = 0; step < num_steps; ++step) {
    for (float& chain : chains) chain = chain * 0.5f + 0.5f;
  }
  float sum = 0;
  for (const float chain : chains) sum += chain;
  return sum;
}

struct Loop {
  float (*run)(int64_t num_steps);
  int64_t operations_per_step;
};

Loop LoopOf(KernelSet kernels, Arithmetic arithmetic) {
#if defined(__x86_64__)
  if (kernels == KernelSet::kAmx && arithmetic == Arithmetic::kTileI8) {
    return {LoopI8Amx, kI8OperationsAmx};
  }
  kernels = VectorKernels(kernels);
  if (kernels == KernelSet::kAvx512) {
    switch (arithmetic) {
      case Arithmetic::kF32:
        return {LoopF32Avx512, kF32OperationsAvx512};
      case Arithmetic::kBF16:
        return {LoopBF16Avx512, kBF16OperationsAvx512};
      case Arithmetic::kI8:
      case Arithmetic::kTileI8:
        return {LoopI8Avx512, kI8OperationsAvx512};
    }
  }
  if (kernels == KernelSet::kAvx2) {
    if (arithmetic == Arithmetic::kI8 || arithmetic == Arithmetic::kTileI8) {
      return {LoopI8Avx2, kI8OperationsAvx2};
    }
    return {LoopF32Avx2, kF32OperationsAvx2};
  }
#endif
  return {LoopF32Reference, kF32OperationsReference};
}

}  // namespace

absl::StatusOr<MemoryProbe> MemoryProbe::Create(int64_t num_bytes) {
  MemoryProbe probe;
  num_bytes = std::max(num_bytes, kReadGranule) / kReadGranule * kReadGranule;
  ASSIGN_OR_RETURN(probe.buffer_, HugeBuffer::Allocate(num_bytes));
  // Touched, or every page would be the one page of zeros.
  std::fill_n(probe.buffer_.data(), num_bytes, uint8_t{1});
  return probe;
}

double MemoryProbe::BytesPerSecond(WorkerTeam& team) {
  std::atomic<uint64_t> sum{0};  // keeps the reads
  const double start = Seconds();
  team.Run([&](Worker& worker) {
    const Range share = worker.Share(buffer_.size(), kReadGranule);
    sum +=
        ReadAll(worker.kernels(), buffer_.data() + share.begin, share.size());
  });
  return static_cast<double>(buffer_.size()) / (Seconds() - start);
}

double ArithmeticRate(WorkerTeam& team, Arithmetic arithmetic) {
  const Loop loop = LoopOf(team.kernels(), arithmetic);
  // Some 1 to 8 ms.
  const int64_t steps = loop.operations_per_step == kI8OperationsAmx
                            ? int64_t{100'000}
                            : int64_t{500'000};
  std::atomic<float> sum{0};
  const double start = Seconds();
  team.Run([&](Worker& worker) { sum = loop.run(steps); });
  return static_cast<double>(steps * loop.operations_per_step * team.size()) /
         (Seconds() - start);
}

}  // namespace tessera::device
