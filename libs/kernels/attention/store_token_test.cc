#include "libs/kernels/attention/store_token.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "libs/device/cpu_features.h"
#include "libs/kernels/attention/kv_layout.h"

namespace tessera::attention {
namespace {

struct Version {
  KvDType dtype;
  StoreToken reference;
  StoreToken fast;
};

std::vector<Version> VersionsHere() {
  std::vector<Version> versions;
  const device::CpuFeatures& features = device::HostCpuFeatures();
  if (features.avx2) {
    versions.push_back(
        {KvDType::kBF16, StoreTokenBF16Reference, StoreTokenBF16Avx2});
    versions.push_back({KvDType::kI8, StoreTokenI8Reference, StoreTokenI8Avx2});
  }
  if (device::VectorKernels(device::BestKernelSet(features)) ==
      device::KernelSet::kAvx512) {
    versions.push_back(
        {KvDType::kBF16, StoreTokenBF16Reference, StoreTokenBF16Avx512});
    versions.push_back(
        {KvDType::kI8, StoreTokenI8Reference, StoreTokenI8Avx512});
  }
  return versions;
}

// Random magnitudes from subnormal to overflowing, and what is no number.
float HardFloat(std::mt19937& random) {
  switch (random() % 40) {
    case 0:
      return std::numeric_limits<float>::quiet_NaN();
    case 1:
      return std::numeric_limits<float>::infinity();
    case 2:
      return -0.0f;
    case 3:
      return 1e-40f;
    case 4:
      return -3e38f;
    default:
      return std::normal_distribution<float>()(random) *
             std::pow(2.0f, static_cast<int>(random() % 30) - 20);
  }
}

TEST(StoreTokenTest, AllSetsWriteTheReferencesBytesAndNoOthers) {
  std::mt19937 random(7);
  for (const Version& version : VersionsHere()) {
    for (const int head_dim : {16, 64, 80, 128}) {
      for (int round = 0; round < 400; ++round) {
        std::vector<float> key(head_dim);
        std::vector<float> value(head_dim);
        const bool hard = round % 2 == 0;
        for (float& k : key) {
          k = hard ? HardFloat(random) : std::normal_distribution()(random);
        }
        for (float& v : value) {
          v = hard ? HardFloat(random) : std::normal_distribution()(random);
        }
        std::vector<uint8_t> expected(KvHeadBytes(version.dtype, head_dim));
        for (uint8_t& byte : expected) byte = static_cast<uint8_t>(random());
        std::vector<uint8_t> got = expected;
        const int slot = round % kKvBlockTokens;
        version.reference(key.data(), value.data(), head_dim, slot,
                          expected.data());
        version.fast(key.data(), value.data(), head_dim, slot, got.data());
        ASSERT_EQ(got, expected) << KvDTypeName(version.dtype) << " D "
                                 << head_dim << " round " << round;
      }
    }
  }
}

}  // namespace
}  // namespace tessera::attention
