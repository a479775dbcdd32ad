#include "libs/kernels/swiglu/swiglu.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iostream>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tessera::kernels {
namespace {

using device::KernelSet;

constexpr float kUntouched = 12345.0f;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

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

// Gates and ups in turn, 16 of each, the last group filled up with zeros.
std::vector<float> Interleave(const std::vector<float>& gates,
                              const std::vector<float>& ups) {
  std::vector<float> row((gates.size() + 15) / 16 * 32);
  for (size_t c = 0; c < gates.size(); ++c) {
    row[c / 16 * 32 + c % 16] = gates[c];
    row[c / 16 * 32 + 16 + c % 16] = ups[c];
  }
  return row;
}

// One row; its output is followed by a float that must stay as it is.
std::vector<float> Apply(KernelSet kernels, const std::vector<float>& gates,
                         const std::vector<float>& ups) {
  const std::vector<float> input = Interleave(gates, ups);
  std::vector<float> output(gates.size() + 1, kUntouched);
  SwiGlu(kernels, {.input = input.data(),
                   .input_stride = static_cast<int64_t>(input.size()),
                   .output = output.data(),
                   .output_stride = static_cast<int64_t>(output.size()),
                   .num_rows = 1,
                   .num_columns = static_cast<int64_t>(gates.size())});
  EXPECT_EQ(output.back(), kUntouched);
  output.pop_back();
  return output;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<float> Normals(int64_t size, float scale, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(size);
  for (float& value : values) value = scale * normal(random);
  return values;
}

// Every float from -1e30 to 1e30, `step` bit patterns apart.
std::vector<float> SampledFloats(uint32_t step) {
  std::vector<float> values;
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += step) {
    const uint32_t bits32 = static_cast<uint32_t>(bits);
    float value;
    std::memcpy(&value, &bits32, sizeof(value));
    if (std::abs(value) <= 1e30f) values.push_back(value);
  }
  return values;
}

TEST(SwiGluTest, EverySetGivesTheReferencesBits) {
  for (const int64_t size : {1, 7, 8, 9, 15, 16, 17, 24, 31, 100, 1536}) {
    const std::vector<float> gates = Normals(size, 10, size);
    const std::vector<float> ups = Normals(size, 2, size + 1);
    const std::vector<float> want = Apply(KernelSet::kReference, gates, ups);
    for (const KernelSet kernels : HostKernelSets()) {
      EXPECT_TRUE(SameBits(Apply(kernels, gates, ups), want))
          << device::KernelSetName(kernels) << ", size and seed " << size;
    }
  }
}

TEST(SwiGluTest, EverySetGivesTheReferencesBitsForGatesOfAnySize) {
  const std::vector<float> gates = SampledFloats(9973);
  const std::vector<float> ups(gates.size(), 0.7f);
  const std::vector<float> want = Apply(KernelSet::kReference, gates, ups);
  for (const KernelSet kernels : HostKernelSets()) {
    EXPECT_TRUE(SameBits(Apply(kernels, gates, ups), want));
  }
}

TEST(SwiGluTest, IsWithinThreeUnitsInTheLastPlace) {
  std::vector<float> gates = SampledFloats(997);
  std::erase_if(gates, [](float g) {
    return g < -86 || std::abs(g) < 1e-36f;  // results that are subnormal
  });
  const std::vector<float> ups(gates.size(), 0.7f);
  const std::vector<float> output =
      Apply(device::BestKernelSet(device::HostCpuFeatures()), gates, ups);
  double worst = 0;
  for (size_t i = 0; i < gates.size(); ++i) {
    const double gate = gates[i];
    const double want = gate / (1 + std::exp(-gate)) * ups[i];
    const float rounded = std::abs(static_cast<float>(want));
    const double ulp = std::nextafter(rounded, kInfinity) - rounded;
    worst = std::max(worst, std::abs(output[i] - want) / ulp);
  }
  std::cout << "largest error: " << worst << " units in the last place, of "
            << gates.size() << " gates\n";
  EXPECT_LT(worst, 3);
}

TEST(SwiGluTest, LargeGatesSaturate) {
  for (const KernelSet kernels : HostKernelSets()) {
    const std::vector<float> output =
        Apply(kernels, {0.0f, 1e30f, 100.0f, -90.0f, -1e30f, kInfinity},
              std::vector<float>(6, 2.0f));
    EXPECT_EQ(output, (std::vector<float>{0, 2e30f, 200, 0, 0, kInfinity}));
  }
}

TEST(SwiGluTest, NanStaysNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const KernelSet kernels : HostKernelSets()) {
    for (const float output :
         Apply(kernels, {nan, -kInfinity, 1}, {1, 1, nan})) {
      EXPECT_TRUE(std::isnan(output));
    }
  }
}

TEST(SwiGluTest, RowsAndRangesOfColumnsDoNotDependOnTheirCompany) {
  const std::vector<float> input = Normals(3 * 128, 4, 1);
  for (const KernelSet kernels : HostKernelSets()) {
    const auto apply = [&](int64_t row, int64_t num_rows, int64_t panel,
                           int64_t num_columns, std::vector<float>& output) {
      SwiGlu(kernels, {.input = input.data() + 128 * row + 32 * panel,
                       .input_stride = 128,
                       .output = output.data() + 64 * row + 16 * panel,
                       .output_stride = 64,
                       .num_rows = num_rows,
                       .num_columns = num_columns});
    };
    std::vector<float> together(3 * 64);
    apply(0, 3, 0, 64, together);
    std::vector<float> apart(3 * 64);
    for (int64_t row = 0; row < 3; ++row) {
      apply(row, 1, 0, 16, apart);
      apply(row, 1, 1, 48, apart);
    }
    EXPECT_TRUE(SameBits(together, apart));
  }
}

TEST(SwiGluDeathTest, ShapesAreChecked) {
  float x[64] = {};
  const SwiGluRows rows = {.input = x,
                           .input_stride = 63,
                           .output = x,
                           .output_stride = 17,
                           .num_rows = 1,
                           .num_columns = 17};
  EXPECT_DEATH(SwiGlu(KernelSet::kReference, rows), "strides 63 and 17");
}

}  // namespace
}  // namespace tessera::kernels
