#include "libs/device/probes.h"

#include "gtest/gtest.h"
#include "libs/device/cpu_features.h"

namespace tessera::device {
namespace {

TEST(ProbesTest, EveryKernelSetMeasuresSomething) {
  const KernelSet best = BestKernelSet(HostCpuFeatures());
  for (const KernelSet kernels : {KernelSet::kReference, KernelSet::kAvx2,
                                  KernelSet::kAvx512, KernelSet::kAmx}) {
    if (kernels > best) continue;
    WorkerTeamOptions options;
    options.kernels = kernels;
    const auto team = *WorkerTeam::Create(options);
    MemoryProbe memory = *MemoryProbe::Create(int64_t{8} << 20);
    EXPECT_GT(memory.BytesPerSecond(*team), 1e6);
    for (const Arithmetic arithmetic : {Arithmetic::kF32, Arithmetic::kBF16,
                                        Arithmetic::kI8, Arithmetic::kTileI8}) {
      EXPECT_GT(ArithmeticRate(*team, arithmetic), 1e6);
    }
  }
}

}  // namespace
}  // namespace tessera::device
