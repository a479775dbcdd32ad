#include "libs/tensor/quantize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "libs/tensor/dequantize.h"

namespace tessera {
namespace {

std::vector<float> RoundTrip(DType dtype, const std::vector<float>& row) {
  std::vector<uint8_t> bytes(*RowBytes(dtype, row.size()));
  QuantizeRow(dtype, row.data(), row.size(), bytes.data());
  std::vector<float> output(row.size());
  DequantizeRow(dtype, bytes.data(), row.size(), output.data());
  return output;
}

// The root of the mean squared error over the values' own.
double RelativeError(const std::vector<float>& row,
                     const std::vector<float>& other) {
  double error = 0, total = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    error += std::pow(row[i] - other[i], 2.0);
    total += std::pow(row[i], 2.0);
  }
  return std::sqrt(error / total);
}

// Normal weights whose size differs from group to group.
std::vector<float> RandomRow(int64_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> row(n);
  float scale = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (i % 32 == 0) scale = 0.02f + std::fabs(normal(random)) * 0.02f;
    row[i] = normal(random) * scale;
  }
  return row;
}

TEST(QuantizeTest, ErrorIsWhatTheBitsAllow) {
  const unsigned seed = 7;
  const std::vector<float> row = RandomRow(1024 * 256, seed);
  const struct {
    DType dtype;
    double limit;  // the error lies between limit / 1.6 and limit
  } cases[] = {
      {DType::kF32, 0},      {DType::kF16, 2.5e-4}, {DType::kBF16, 2e-3},
      {DType::kQ4_0, 0.095}, {DType::kQ4_1, 0.085}, {DType::kQ5_0, 0.048},
      {DType::kQ5_1, 0.041}, {DType::kQ8_0, 0.006}, {DType::kQ4_K, 0.09},
      {DType::kQ5_K, 0.047}, {DType::kQ6_K, 0.021},
  };
  for (const auto& [dtype, limit] : cases) {
    const double error = RelativeError(row, RoundTrip(dtype, row));
    EXPECT_LE(error, limit) << DTypeName(dtype) << " seed " << seed;
    EXPECT_GE(error, limit / 1.6) << DTypeName(dtype) << " seed " << seed;
  }
}

TEST(QuantizeTest, KeepsZeros) {
  const std::vector<float> zeros(256, 0.0f);
  for (int i = 0; i < kNumDTypes; ++i) {
    const DType dtype = static_cast<DType>(i);
    if (!CanQuantizeTo(dtype)) continue;
    EXPECT_EQ(RoundTrip(dtype, zeros), zeros) << DTypeName(dtype);
  }
}

// No undefined conversion, whatever the input (the sanitizers look on).
TEST(QuantizeTest, AcceptsWhatIsNotFinite) {
  std::vector<float> row = RandomRow(256, 3);
  row[5] = std::numeric_limits<float>::quiet_NaN();
  row[40] = std::numeric_limits<float>::infinity();
  row[70] = -std::numeric_limits<float>::max();
  row[100] = std::numeric_limits<float>::denorm_min();
  for (int i = 0; i < kNumDTypes; ++i) {
    const DType dtype = static_cast<DType>(i);
    if (!CanQuantizeTo(dtype)) continue;
    EXPECT_EQ(RoundTrip(dtype, row).size(), 256);
  }
}

TEST(QuantizeDeathTest, ChecksWholeBlocks) {
  float row[33] = {};
  uint8_t bytes[64];
  EXPECT_DEATH(QuantizeRow(DType::kQ4_0, row, 33, bytes),
               "33 elements of Q4_0");
  EXPECT_DEATH(DequantizeRow(DType::kQ4_0, bytes, 33, row), "33 elements");
  EXPECT_DEATH(QuantizeRow(DType::kI8, row, 1, bytes), "nothing quantizes");
}

}  // namespace
}  // namespace tessera
