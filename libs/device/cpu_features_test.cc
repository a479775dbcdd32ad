#include "libs/device/cpu_features.h"

#include "gtest/gtest.h"

namespace tessera::device {
namespace {

constexpr CpuFeatures kSapphireRapids = {true, true, true, true, true, 2 << 20};
constexpr CpuFeatures kZen4 = {true, true, true, true, false, 1 << 20};
constexpr CpuFeatures kIceLake = {true, true, true, false, false, 1 << 20};
constexpr CpuFeatures kHaswell = {true, false, false, false, false, 1 << 18};

TEST(CpuFeaturesTest, ChoosesTheBestSetThatIsWhollyThere) {
  EXPECT_EQ(BestKernelSet(kSapphireRapids), KernelSet::kAmx);
  EXPECT_EQ(BestKernelSet(kZen4), KernelSet::kAvx512);
  EXPECT_EQ(BestKernelSet(kIceLake), KernelSet::kAvx2);
  EXPECT_EQ(BestKernelSet(kHaswell), KernelSet::kAvx2);
  EXPECT_EQ(BestKernelSet(CpuFeatures()), KernelSet::kReference);
}

TEST(CpuFeaturesTest, NamesRoundTrip) {
  for (const auto set : {KernelSet::kReference, KernelSet::kAvx2,
                         KernelSet::kAvx512, KernelSet::kAmx}) {
    EXPECT_EQ(*ParseKernelSet(KernelSetName(set), kSapphireRapids), set);
  }
  EXPECT_EQ(*ParseKernelSet("auto", kHaswell), KernelSet::kAvx2);
}

TEST(CpuFeaturesTest, RefusesWhatTheProcessorLacks) {
  EXPECT_EQ(ParseKernelSet("amx", kZen4).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ParseKernelSet("avx512", kIceLake).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ParseKernelSet("avx2", CpuFeatures()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ParseKernelSet("sse", kZen4).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(CpuFeaturesTest, TheHostHasACacheSize) {
  EXPECT_GT(HostCpuFeatures().l2_bytes, 0);
}

}  // namespace
}  // namespace tessera::device
