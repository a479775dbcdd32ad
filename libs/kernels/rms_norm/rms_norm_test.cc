#include "libs/kernels/rms_norm/rms_norm.h"

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tessera::kernels {
namespace {

using device::KernelSet;

constexpr float kEpsilon = 1e-5f;
constexpr float kUntouched = 12345.0f;

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
  int64_t num_rows;
  int64_t dim;
  int64_t padding;  // stride beyond dim
};

std::vector<float> Normals(int64_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(size);
  for (float& value : values) value = 3 * normal(random);
  return values;
}

std::vector<float> Normalize(KernelSet kernels, const Shape& shape,
                             const std::vector<float>& input,
                             const std::vector<float>& weight) {
  const int64_t stride = shape.dim + shape.padding;
  std::vector<float> output(shape.num_rows * stride, kUntouched);
  RmsNorm(kernels, {.input = input.data(),
                    .input_stride = stride,
                    .weight = weight.data(),
                    .epsilon = kEpsilon,
                    .output = output.data(),
                    .output_stride = stride,
                    .num_rows = shape.num_rows,
                    .dim = shape.dim});
  return output;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(RmsNormTest, EverySetGivesTheReferencesBits) {
  for (const int64_t dim : {1,  7,  8,  15,  16,  17,  31,  33,   63,   64,  65,
                            72, 80, 96, 100, 127, 128, 576, 1000, 2048, 4099}) {
    const Shape shape = {.num_rows = 3, .dim = dim, .padding = dim % 5};
    const uint64_t seed = dim;
    const std::vector<float> input = Normals(3 * (dim + dim % 5), seed);
    const std::vector<float> weight = Normals(dim, seed + 1);
    const std::vector<float> want =
        Normalize(KernelSet::kReference, shape, input, weight);
    for (const KernelSet kernels : HostKernelSets()) {
      EXPECT_TRUE(SameBits(Normalize(kernels, shape, input, weight), want))
          << device::KernelSetName(kernels) << ", dim and seed " << dim;
    }
  }
}

TEST(RmsNormTest, AgreesWithDoublePrecision) {
  const Shape shape = {.num_rows = 5, .dim = 579, .padding = 2};
  const std::vector<float> input = Normals(5 * 581, 1);
  const std::vector<float> weight = Normals(579, 2);
  const std::vector<float> output = Normalize(
      device::BestKernelSet(device::HostCpuFeatures()), shape, input, weight);
  for (int64_t r = 0; r < shape.num_rows; ++r) {
    double sum = 0;
    for (int64_t i = 0; i < shape.dim; ++i) {
      sum += std::pow(input[r * 581 + i], 2.0);
    }
    const double scale = 1 / std::sqrt(sum / shape.dim + kEpsilon);
    for (int64_t i = 0; i < shape.dim; ++i) {
      const double want = input[r * 581 + i] * scale * weight[i];
      EXPECT_NEAR(output[r * 581 + i], want, 4e-7 * std::abs(want));
    }
    EXPECT_EQ(output[r * 581 + 579], kUntouched);  // the padding
    EXPECT_EQ(output[r * 581 + 580], kUntouched);
  }
}

TEST(RmsNormTest, RowsDoNotDependOnTheirCompany) {
  const Shape all = {.num_rows = 7, .dim = 100, .padding = 0};
  const Shape one = {.num_rows = 1, .dim = 100, .padding = 0};
  const std::vector<float> input = Normals(700, 3);
  const std::vector<float> weight = Normals(100, 4);
  for (const KernelSet kernels : HostKernelSets()) {
    const std::vector<float> together = Normalize(kernels, all, input, weight);
    for (int r = 0; r < 7; ++r) {
      const auto row = [&](const std::vector<float>& rows) {
        return std::vector<float>(rows.begin() + 100 * r,
                                  rows.begin() + 100 * (r + 1));
      };
      EXPECT_TRUE(
          SameBits(Normalize(kernels, one, row(input), weight), row(together)));
    }
  }
}

TEST(RmsNormTest, WorksInPlace) {
  const Shape shape = {.num_rows = 2, .dim = 70, .padding = 0};
  const std::vector<float> input = Normals(140, 5);
  const std::vector<float> weight = Normals(70, 6);
  for (const KernelSet kernels : HostKernelSets()) {
    std::vector<float> rows = input;
    RmsNorm(kernels, {.input = rows.data(),
                      .input_stride = 70,
                      .weight = weight.data(),
                      .epsilon = kEpsilon,
                      .output = rows.data(),
                      .output_stride = 70,
                      .num_rows = 2,
                      .dim = 70});
    EXPECT_TRUE(SameBits(rows, Normalize(kernels, shape, input, weight)));
  }
}

TEST(RmsNormTest, ZeroRowsStayZero) {
  const Shape shape = {.num_rows = 1, .dim = 20, .padding = 0};
  for (const KernelSet kernels : HostKernelSets()) {
    const std::vector<float> zeros(20);
    EXPECT_EQ(Normalize(kernels, shape, zeros, Normals(20, 7)).front(), 0.0f);
  }
}

TEST(RmsNormDeathTest, ShapesAreChecked) {
  float x[4] = {};
  const RmsNormRows rows = {.input = x,
                            .input_stride = 3,
                            .weight = x,
                            .epsilon = kEpsilon,
                            .output = x,
                            .output_stride = 4,
                            .num_rows = 1,
                            .dim = 4};
  EXPECT_DEATH(RmsNorm(KernelSet::kReference, rows), "strides 3 and 4, dim 4");
}

}  // namespace
}  // namespace tessera::kernels
