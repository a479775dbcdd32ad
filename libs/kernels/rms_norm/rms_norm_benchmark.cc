// Time of one row in the caches, by kernel set and size. The limit
// is three multiplications or multiply-adds an element (the square, the scale,
// the weight) at the rate that the processor reaches in registers, probed
// beside each measurement.
//
//   bazel run //libs/kernels/rms_norm:rms_norm_benchmark
#include <algorithm>
#include <memory>
#include <string>

#include "benchmark/benchmark.h"
#include "libs/device/huge_buffer.h"
#include "libs/device/probes.h"
#include "libs/kernels/rms_norm/rms_norm.h"

namespace tessera::kernels {
namespace {

using device::KernelSet;

void Normalize(benchmark::State& state, KernelSet kernels) {
  const int64_t dim = state.range(0);
  // As in a model's scratch: from the start of a cache line.
  auto memory = *device::HugeBuffer::Allocate(3 * 4 * dim);
  float* input = reinterpret_cast<float*>(memory.data());
  std::fill(input, input + 3 * dim, 0.5f);
  const auto team = *device::WorkerTeam::Create(
      {.num_threads = 1, .pin = false, .kernels = kernels});
  const double rate =
      device::ArithmeticRate(*team, device::Arithmetic::kF32) / 2;
  for (auto _ : state) {
    RmsNorm(kernels, {.input = input,
                      .input_stride = dim,
                      .weight = input + dim,
                      .epsilon = 1e-5f,
                      .output = input + 2 * dim,
                      .output_stride = dim,
                      .num_rows = 1,
                      .dim = dim});
    benchmark::ClobberMemory();
  }
  // Seconds at the limit over seconds.
  state.counters["of_limit"] = benchmark::Counter(
      3 * dim / rate * state.iterations(), benchmark::Counter::kIsRate);
}

void Register(KernelSet kernels) {
  const std::string name(device::KernelSetName(kernels));
  benchmark::RegisterBenchmark(("rms_norm/" + name).c_str(), Normalize, kernels)
      ->Arg(64)
      ->Arg(576)
      ->Arg(2048)
      ->Arg(4096);
}

}  // namespace
}  // namespace tessera::kernels

int main(int argc, char** argv) {
  using tessera::device::KernelSet;
  const auto& features = tessera::device::HostCpuFeatures();
  tessera::kernels::Register(KernelSet::kReference);
  if (features.avx2) tessera::kernels::Register(KernelSet::kAvx2);
  if (tessera::device::VectorKernels(BestKernelSet(features)) ==
      KernelSet::kAvx512) {
    tessera::kernels::Register(KernelSet::kAvx512);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
