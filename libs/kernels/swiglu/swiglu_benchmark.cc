// Time of one row in the caches, by kernel set and size. The limit is the 13
// operations an output that share the multipliers' ports (11 multiplications
// and multiply-adds, a minimum, a maximum) at the rate that the processor
// reaches in registers, probed beside each measurement. The division, about 10
// cycles for 16 lanes, has a unit of its own.
//
//   bazel run //libs/kernels/swiglu:swiglu_benchmark
#include <memory>
#include <string>

#include "benchmark/benchmark.h"
#include "libs/device/huge_buffer.h"
#include "libs/device/probes.h"
#include "libs/kernels/swiglu/swiglu.h"

namespace tessera::kernels {
namespace {

using device::KernelSet;

void Apply(benchmark::State& state, KernelSet kernels) {
  const int64_t num_columns = state.range(0);
  // As in a model's scratch: from the start of a cache line.
  auto memory = *device::HugeBuffer::Allocate(3 * 4 * num_columns);
  float* input = reinterpret_cast<float*>(memory.data());
  for (int64_t i = 0; i < 2 * num_columns; ++i) {
    input[i] = 0.01f * (i % 1000) - 5;
  }
  const auto team = *device::WorkerTeam::Create(
      {.num_threads = 1, .pin = false, .kernels = kernels});
  const double rate =
      device::ArithmeticRate(*team, device::Arithmetic::kF32) / 2;
  for (auto _ : state) {
    SwiGlu(kernels, {.input = input,
                     .input_stride = 2 * num_columns,
                     .output = input + 2 * num_columns,
                     .output_stride = num_columns,
                     .num_rows = 1,
                     .num_columns = num_columns});
    benchmark::ClobberMemory();
  }
  // Seconds at the limit over seconds.
  state.counters["of_limit"] =
      benchmark::Counter(13 * num_columns / rate * state.iterations(),
                         benchmark::Counter::kIsRate);
}

void Register(KernelSet kernels) {
  const std::string name(device::KernelSetName(kernels));
  benchmark::RegisterBenchmark(("swiglu/" + name).c_str(), Apply, kernels)
      ->Arg(768)
      ->Arg(1536)
      ->Arg(8192);
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
