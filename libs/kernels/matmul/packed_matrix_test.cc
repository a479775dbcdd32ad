#include "libs/kernels/matmul/packed_matrix.h"

#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "libs/device/huge_buffer.h"
#include "libs/tensor/dequantize.h"
#include "libs/tensor/float16.h"
#include "libs/tensor/quantize.h"

namespace tessera::kernels {
namespace {

constexpr DType kTypes[] = {DType::kF32,  DType::kF16,  DType::kBF16,
                            DType::kQ4_0, DType::kQ4_1, DType::kQ5_0,
                            DType::kQ5_1, DType::kQ8_0, DType::kQ4_K,
                            DType::kQ5_K, DType::kQ6_K};

std::vector<uint8_t> RandomRow(DType dtype, int64_t columns,
                               std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> values(columns);
  for (float& value : values) value = normal(random);
  std::vector<uint8_t> row(*RowBytes(dtype, columns));
  QuantizeRow(dtype, values.data(), columns, row.data());
  return row;
}

device::HugeBuffer Pack(PackedMatrix& matrix) {
  device::HugeBuffer memory = *device::HugeBuffer::Allocate(matrix.num_bytes());
  matrix.set_memory(memory.data());
  for (int64_t panel = 0; panel < matrix.num_panels(); ++panel) {
    EXPECT_TRUE(matrix.PackPanel(panel).ok());
  }
  matrix.FinishPacking();
  return memory;
}

TEST(PackedMatrixTest, KeepsEveryBitOfEveryType) {
  std::mt19937 random(1);
  for (const auto kernels :
       {device::KernelSet::kReference, device::KernelSet::kAvx512}) {
    for (const DType dtype : kTypes) {
      std::vector<std::vector<uint8_t>> file;
      std::vector<SourceRow> rows;
      for (int row = 0; row < 37; ++row) {
        file.push_back(RandomRow(dtype, 512, random));
      }
      for (const auto& row : file) rows.push_back({row.data(), dtype});
      PackedMatrix matrix = *PackedMatrix::Plan(rows, 512, kernels);
      const device::HugeBuffer memory = Pack(matrix);
      for (int row = 0; row < 37; ++row) {
        std::vector<float> want(512), got(512);
        DequantizeRow(dtype, file[row].data(), 512, want.data());
        matrix.DequantizeRow(row, got.data());
        EXPECT_EQ(got, want) << DTypeName(dtype) << " row " << row;
      }
    }
  }
}

TEST(PackedMatrixTest, PanelsMayDifferInTypeButNotTheirRows) {
  std::mt19937 random(2);
  const auto q4 = RandomRow(DType::kQ4_K, 256, random);
  const auto q6 = RandomRow(DType::kQ6_K, 256, random);
  std::vector<SourceRow> rows(48, {q4.data(), DType::kQ4_K});
  std::fill(rows.begin() + 16, rows.begin() + 32,
            SourceRow{q6.data(), DType::kQ6_K});
  PackedMatrix matrix =
      *PackedMatrix::Plan(rows, 256, device::KernelSet::kAvx2);
  ASSERT_EQ(matrix.runs().size(), 3);
  const device::HugeBuffer memory = Pack(matrix);
  std::vector<float> want(256), got(256);
  DequantizeRow(DType::kQ6_K, q6.data(), 256, want.data());
  matrix.DequantizeRow(20, got.data());
  EXPECT_EQ(got, want);
  rows[3] = {q6.data(), DType::kQ6_K};
  EXPECT_EQ(
      PackedMatrix::Plan(rows, 256, device::KernelSet::kAvx2).status().code(),
      absl::StatusCode::kInvalidArgument);
}

TEST(PackedMatrixTest, RefusesScalesThatAreNotFinite) {
  std::mt19937 random(3);
  for (const uint16_t bits : {uint16_t{0x7c00}, uint16_t{0x7e00}}) {
    auto row = RandomRow(DType::kQ4_1, 64, random);
    row[22] = bits & 0xff;  // the second block's m
    row[23] = bits >> 8;
    PackedMatrix matrix = *PackedMatrix::Plan({{row.data(), DType::kQ4_1}}, 64,
                                              device::KernelSet::kAvx512);
    device::HugeBuffer memory =
        *device::HugeBuffer::Allocate(matrix.num_bytes());
    matrix.set_memory(memory.data());
    EXPECT_EQ(matrix.PackPanel(0).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(PackedMatrixTest, RefusesEmptyAndRagged) {
  EXPECT_FALSE(PackedMatrix::Plan({}, 64, device::KernelSet::kAvx512).ok());
  const uint8_t row[64] = {};
  EXPECT_FALSE(
      PackedMatrix::Plan({{row, DType::kQ8_0}}, 33, device::KernelSet::kAvx512)
          .ok());
}

}  // namespace
}  // namespace tessera::kernels
