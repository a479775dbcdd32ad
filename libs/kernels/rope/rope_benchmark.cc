// Time of the rotation of one token's heads, and of the cosines and sines of a
// position. The limit of a rotation is four multiplications a pair at the rate
// that the processor reaches in registers, probed beside each measurement (its
// two additions go through other ports).
//
//   bazel run //libs/kernels/rope:rope_benchmark
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "libs/device/huge_buffer.h"
#include "libs/device/probes.h"
#include "libs/kernels/rope/rope.h"
#include "libs/kernels/rope/rope_frequencies.h"

namespace tessera::kernels {
namespace {

using device::KernelSet;

void RotateHeads(benchmark::State& state, KernelSet kernels) {
  const int64_t num_heads = state.range(0);
  const int64_t head_dim = state.range(1);
  // As in a model's scratch: from the start of a cache line.
  auto memory = *device::HugeBuffer::Allocate(4 * (num_heads + 1) * head_dim);
  float* heads = reinterpret_cast<float*>(memory.data());
  float* cos = heads + num_heads * head_dim;
  float* sin = cos + head_dim / 2;
  std::fill(heads, cos, 0.5f);
  std::fill(cos, sin, 0.6f);
  std::fill(sin, sin + head_dim / 2, 0.8f);
  const auto team = *device::WorkerTeam::Create(
      {.num_threads = 1, .pin = false, .kernels = kernels});
  const double rate =
      device::ArithmeticRate(*team, device::Arithmetic::kF32) / 2;
  for (auto _ : state) {
    Rotate(kernels, {.heads = heads,
                     .num_heads = num_heads,
                     .head_dim = head_dim,
                     .rotary_dim = head_dim,
                     .cos = cos,
                     .sin = sin});
    benchmark::ClobberMemory();
  }
  // Seconds at the limit over seconds.
  state.counters["of_limit"] = benchmark::Counter(
      4 * num_heads * (head_dim / 2) / rate * state.iterations(),
      benchmark::Counter::kIsRate);
}

void CosSin(benchmark::State& state) {
  const auto rope =
      *RopeFrequencies::Create({.theta = 100000, .rotary_dim = state.range(0)});
  std::vector<float> cos(state.range(0)), sin(state.range(0));
  int32_t position = 0;
  for (auto _ : state) {
    rope.ComputeCosSin({position}, cos.data(), sin.data());
    position = (position + 1) % 8192;
    benchmark::ClobberMemory();
  }
}

void Register(KernelSet kernels) {
  const std::string name(device::KernelSetName(kernels));
  benchmark::RegisterBenchmark(("rotate/" + name).c_str(), RotateHeads, kernels)
      ->Args({12, 64})
      ->Args({40, 128});
}

}  // namespace
}  // namespace tessera::kernels

int main(int argc, char** argv) {
  using tessera::device::KernelSet;
  const auto& features = tessera::device::HostCpuFeatures();
  benchmark::RegisterBenchmark("cos_sin", tessera::kernels::CosSin)->Arg(64);
  tessera::kernels::Register(KernelSet::kReference);
  if (features.avx2) tessera::kernels::Register(KernelSet::kAvx2);
  if (tessera::device::VectorKernels(BestKernelSet(features)) ==
      KernelSet::kAvx512) {
    tessera::kernels::Register(KernelSet::kAvx512);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
