#include "libs/kernels/rope/rope.h"

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tessera::kernels {
namespace {

using device::KernelSet;

// The reference and the faster sets that this processor has.
std::vector<KernelSet> HostKernelSets() {
  std::vector<KernelSet> sets = {KernelSet::kReference};
  const device::CpuFeatures& features = device::HostCpuFeatures();
  if (features.avx2) sets.push_back(KernelSet::kAvx2);
  if (device::VectorKernels(device::BestKernelSet(features)) ==
      device::KernelSet::kAvx512) {
    sets.push_back(KernelSet::kAvx512);
  }
  return sets;
}

struct Shape {
  int64_t num_heads;
  int64_t head_dim;
  int64_t rotary_dim;
};

std::vector<float> Normals(int64_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(size);
  for (float& value : values) value = normal(random);
  return values;
}

std::vector<float> Rotated(KernelSet kernels, const Shape& shape,
                           std::vector<float> heads,
                           const std::vector<float>& cos,
                           const std::vector<float>& sin) {
  Rotate(kernels, {.heads = heads.data(),
                   .num_heads = shape.num_heads,
                   .head_dim = shape.head_dim,
                   .rotary_dim = shape.rotary_dim,
                   .cos = cos.data(),
                   .sin = sin.data()});
  return heads;
}

TEST(RopeTest, EverySetGivesTheReferencesBits) {
  for (const Shape& shape : std::vector<Shape>{{9, 64, 64},
                                               {3, 64, 32},
                                               {2, 128, 128},
                                               {4, 80, 80},
                                               {5, 96, 24},
                                               {1, 2, 2},
                                               {7, 5, 2},
                                               {2, 66, 66},
                                               {3, 40, 0}}) {
    const uint64_t seed = shape.head_dim + shape.rotary_dim;
    const std::vector<float> heads =
        Normals(shape.num_heads * shape.head_dim, seed);
    const std::vector<float> cos = Normals(shape.rotary_dim / 2, seed + 1);
    const std::vector<float> sin = Normals(shape.rotary_dim / 2, seed + 2);
    const std::vector<float> want =
        Rotated(KernelSet::kReference, shape, heads, cos, sin);
    for (const KernelSet kernels : HostKernelSets()) {
      const std::vector<float> got = Rotated(kernels, shape, heads, cos, sin);
      EXPECT_EQ(std::memcmp(got.data(), want.data(), 4 * want.size()), 0)
          << device::KernelSetName(kernels) << ", head_dim " << shape.head_dim
          << ", rotary_dim " << shape.rotary_dim;
    }
  }
}

TEST(RopeTest, PairsTheHalvesAndLeavesTheRest) {
  for (const KernelSet kernels : HostKernelSets()) {
    const std::vector<float> rotated =
        Rotated(kernels, {.num_heads = 2, .head_dim = 5, .rotary_dim = 4},
                {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {0, 0.5f}, {1, 2});
    EXPECT_EQ(rotated, (std::vector<float>{-3, 1 - 8, 1, 2 + 4, 5,  //
                                           -8, 3.5f - 18, 6, 4.5f + 14, 10}));
  }
}

TEST(RopeDeathTest, ShapesAreChecked) {
  const std::vector<float> values(8);
  EXPECT_DEATH(
      Rotated(KernelSet::kReference, {1, 4, 6}, values, values, values),
      "head_dim 4, rotary_dim 6");
  EXPECT_DEATH(
      Rotated(KernelSet::kReference, {1, 4, 3}, values, values, values),
      "rotary_dim 3");
}

}  // namespace
}  // namespace tessera::kernels
