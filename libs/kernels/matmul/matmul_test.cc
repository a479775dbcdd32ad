#include "libs/kernels/matmul/matmul.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "libs/device/huge_buffer.h"
#include "libs/kernels/matmul/tile.h"
#include "libs/tensor/dequantize.h"
#include "libs/tensor/quantize.h"

namespace tessera::kernels {
namespace {

using device::KernelSet;

constexpr DType kTypes[] = {DType::kF32,  DType::kF16,  DType::kBF16,
                            DType::kQ4_0, DType::kQ4_1, DType::kQ5_0,
                            DType::kQ5_1, DType::kQ8_0, DType::kQ4_K,
                            DType::kQ5_K, DType::kQ6_K};

std::vector<KernelSet> HostKernelSets() {
  std::vector<KernelSet> sets = {KernelSet::kReference};
  for (const char* name : {"avx2", "avx512", "amx"}) {
    const auto set = device::ParseKernelSet(name, device::HostCpuFeatures());
    if (set.ok()) sets.push_back(*set);
  }
  return sets;
}

std::vector<float> RandomFloats(std::mt19937& random, int64_t n) {
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  for (float& value : values) value = normal(random);
  return values;
}

// A file's matrix of random rows, and its packed form.
struct Matrix {
  Matrix(DType dtype, int64_t rows, int64_t columns, std::mt19937& random,
         KernelSet kernels, ActivationKind integers = ActivationKind::kInt8)
      : row_bytes(*RowBytes(dtype, columns)), file(rows * row_bytes) {
    std::vector<SourceRow> sources;
    for (int64_t row = 0; row < rows; ++row) {
      const std::vector<float> values = RandomFloats(random, columns);
      QuantizeRow(dtype, values.data(), columns, &file[row * row_bytes]);
      sources.push_back({&file[row * row_bytes], dtype});
    }
    packed = *PackedMatrix::Plan(sources, columns, kernels, integers);
    memory = *device::HugeBuffer::Allocate(packed.num_bytes());
    packed.set_memory(memory.data());
    for (int64_t panel = 0; panel < packed.num_panels(); ++panel) {
      EXPECT_TRUE(packed.PackPanel(panel).ok());
    }
    packed.FinishPacking();
  }
  int64_t row_bytes;
  std::vector<uint8_t> file;
  PackedMatrix packed;
  device::HugeBuffer memory;
};

std::vector<float> Product(KernelSet kernels, const Matrix& matrix,
                           const std::vector<float>& input, int64_t tokens,
                           bool accumulate = false,
                           const float* bias = nullptr) {
  const int64_t columns = matrix.packed.num_columns();
  const ActivationKinds kinds = matrix.packed.activation_kinds();
  const device::HugeBuffer scratch = *device::HugeBuffer::Allocate(
      Activations::ScratchBytes(kinds, tokens, columns));
  const Activations activations(kernels, kinds, tokens, columns,
                                const_cast<uint8_t*>(scratch.data()));
  activations.Pack(input.data(), columns, 0, tokens);
  const int64_t rows = matrix.packed.num_rows();
  std::vector<float> output(tokens * rows, accumulate ? 1.0f : NAN);
  const MatmulOutput destination = {output.data(), rows, bias, accumulate};
  const int64_t half = rows / 2 / kPanelRows * kPanelRows;
  EXPECT_TRUE(Matmul(activations, matrix.packed, {0, half}, destination).ok());
  EXPECT_TRUE(
      Matmul(activations, matrix.packed, {half, rows}, destination).ok());
  return output;
}

struct Case {
  int64_t rows, columns, tokens;
};

constexpr ActivationKind kIntegerKinds[] = {ActivationKind::kInt8,
                                            ActivationKind::kInt12};

constexpr Case kCases[] = {{16, 256, 1}, {48, 768, 2},  {40, 256, 3},
                           {16, 512, 5}, {33, 256, 8},  {32, 768, 11},
                           {7, 256, 17}, {16, 256, 130}};

TEST(MatmulTest, IntegerFormatsEqualTheReferenceBitForBit) {
  std::mt19937 random(1);
  for (const DType dtype : kTypes) {
    if (!IsQuantized(dtype)) continue;
    for (const ActivationKind kind : kIntegerKinds) {
      for (const Case& c : kCases) {
        // The same panels for all; the reference's arithmetic over them.
        const Matrix matrix(dtype, c.rows, c.columns, random,
                            KernelSet::kAvx512, kind);
        const std::vector<float> input =
            RandomFloats(random, c.tokens * c.columns);
        const std::vector<float> want =
            Product(KernelSet::kReference, matrix, input, c.tokens);
        for (const KernelSet kernels : HostKernelSets()) {
          EXPECT_EQ(Product(kernels, matrix, input, c.tokens), want)
              << DTypeName(dtype) << " " << device::KernelSetName(kernels)
              << " kind " << static_cast<int>(kind) << " " << c.rows << "x"
              << c.columns << "x" << c.tokens;
        }
      }
    }
  }
}

// Panels of few and of odd numbers of blocks: kernels that run ahead pad them.
TEST(MatmulTest, NarrowMatricesEqualTheReferenceBitForBit) {
  std::mt19937 random(8);
  for (const DType dtype : {DType::kQ4_0, DType::kQ4_1, DType::kQ8_0}) {
    for (const ActivationKind kind : kIntegerKinds) {
      for (const int64_t columns : {32, 64, 96, 128, 160, 608}) {
        const Matrix matrix(dtype, 80, columns, random, KernelSet::kAvx512,
                            kind);
        for (const int64_t tokens : {1, 4, 7, 16, 21}) {
          const std::vector<float> input =
              RandomFloats(random, tokens * columns);
          const std::vector<float> want =
              Product(KernelSet::kReference, matrix, input, tokens);
          for (const KernelSet kernels : HostKernelSets()) {
            EXPECT_EQ(Product(kernels, matrix, input, tokens), want)
                << DTypeName(dtype) << " " << device::KernelSetName(kernels)
                << " kind " << static_cast<int>(kind) << " " << columns << "x"
                << tokens;
          }
        }
      }
    }
  }
}

// Of an output whose terms add up to `size` in squares.
double Tolerance(KernelSet kernels, DType dtype, ActivationKind integers) {
  if (kernels == KernelSet::kReference || dtype == DType::kF32 ||
      dtype == DType::kF16) {
    return 1e-5;
  }
  if (dtype == DType::kBF16) return 0.02;
  return integers == ActivationKind::kInt8 ? 0.03 : 3e-3;
}

void ExpectNearFloat64(DType dtype, KernelSet kernels,
                       ActivationKind integers) {
  std::mt19937 random(2);
  const Case c = {48, 768, 5};
  const Matrix matrix(dtype, c.rows, c.columns, random, kernels, integers);
  const std::vector<float> input = RandomFloats(random, c.tokens * c.columns);
  const std::vector<float> got = Product(kernels, matrix, input, c.tokens);
  const double tolerance = Tolerance(kernels, dtype, integers);
  std::vector<float> w(c.columns);
  for (int64_t row = 0; row < c.rows; ++row) {
    DequantizeRow(dtype, &matrix.file[row * matrix.row_bytes], c.columns,
                  w.data());
    for (int64_t t = 0; t < c.tokens; ++t) {
      double want = 0, size = 0;
      for (int64_t k = 0; k < c.columns; ++k) {
        const double term = double{w[k]} * input[t * c.columns + k];
        want += term;
        size += term * term;
      }
      EXPECT_NEAR(got[t * c.rows + row], want, tolerance * std::sqrt(size))
          << DTypeName(dtype) << " " << device::KernelSetName(kernels)
          << " kind " << static_cast<int>(integers);
    }
  }
}

TEST(MatmulTest, AgreesWithTheFloat64Product) {
  for (const DType dtype : kTypes) {
    for (const KernelSet kernels : HostKernelSets()) {
      for (const ActivationKind kind : kIntegerKinds) {
        ExpectNearFloat64(dtype, kernels, kind);
      }
    }
  }
}

void ExpectCompanyDoesNotMatter(DType dtype, KernelSet kernels,
                                ActivationKind integers) {
  std::mt19937 random(3);
  const int64_t rows = 32, columns = 256, tokens = 21;
  const Matrix matrix(dtype, rows, columns, random, kernels, integers);
  const std::vector<float> input = RandomFloats(random, tokens * columns);
  const std::vector<float> all = Product(kernels, matrix, input, tokens);
  for (int64_t n = 1; n <= 16; ++n) {
    for (int64_t first = 0; first + n <= tokens; first += n) {
      const std::vector<float> part(input.begin() + first * columns,
                                    input.begin() + (first + n) * columns);
      const std::vector<float> want(all.begin() + first * rows,
                                    all.begin() + (first + n) * rows);
      EXPECT_EQ(Product(kernels, matrix, part, n), want)
          << DTypeName(dtype) << " " << n << " tokens from " << first;
    }
  }
}

TEST(MatmulTest, ATokensBitsDoNotDependOnItsCompany) {
  for (const KernelSet kernels : HostKernelSets()) {
    for (const DType dtype : kTypes) {
      for (const ActivationKind kind : kIntegerKinds) {
        ExpectCompanyDoesNotMatter(dtype, kernels, kind);
      }
    }
  }
}

// A block of zeros, one too small to invert, and one large value among zeros.
TEST(MatmulTest, ExtremeActivationsKeepTheSameBits) {
  std::mt19937 random(7);
  for (const ActivationKind kind : kIntegerKinds) {
    const Matrix matrix(DType::kQ4_1, 16, 128, random, KernelSet::kAvx512,
                        kind);
    std::vector<float> input = RandomFloats(random, 128);
    std::fill(input.begin(), input.begin() + 32, 0.0f);
    std::fill(input.begin() + 32, input.begin() + 64, 1e-38f);
    std::fill(input.begin() + 65, input.begin() + 96, 0.0f);
    input[64] = -3e30f;
    const std::vector<float> want =
        Product(KernelSet::kReference, matrix, input, 1);
    for (const float value : want) EXPECT_TRUE(std::isfinite(value));
    for (const KernelSet kernels : HostKernelSets()) {
      EXPECT_EQ(Product(kernels, matrix, input, 1), want);
    }
  }
}

TEST(MatmulTest, OddColumnsOfFloatTypesArePadded) {
  std::mt19937 random(4);
  for (const KernelSet kernels : HostKernelSets()) {
    for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
      const Matrix matrix(dtype, 16, 45, random, kernels);
      const std::vector<float> input = RandomFloats(random, 2 * 45);
      const std::vector<float> got = Product(kernels, matrix, input, 2);
      std::vector<float> w(45);
      DequantizeRow(dtype, matrix.file.data(), 45, w.data());
      double want = 0;
      for (int k = 0; k < 45; ++k) want += double{w[k]} * input[45 + k];
      EXPECT_NEAR(got[16], want, 0.1);
    }
  }
}

TEST(MatmulTest, AddsBiasAndResidual) {
  std::mt19937 random(5);
  for (const KernelSet kernels : HostKernelSets()) {
    const Matrix matrix(DType::kQ8_0, 23, 64, random, kernels);
    const std::vector<float> input = RandomFloats(random, 3 * 64);
    const std::vector<float> bias = RandomFloats(random, 23);
    const std::vector<float> plain = Product(kernels, matrix, input, 3);
    const std::vector<float> got =
        Product(kernels, matrix, input, 3, /*accumulate=*/true, bias.data());
    for (size_t i = 0; i < plain.size(); ++i) {
      EXPECT_EQ(got[i], 1.0f + (plain[i] + bias[i % 23]));
    }
  }
}

// What other activations left there could be denormal, and slow.
TEST(MatmulTest, TokensThatATileLacksHaveScalesOfZero) {
  std::mt19937 random(9);
  const int64_t tokens = 5, columns = 160;
  const std::vector<float> input = RandomFloats(random, tokens * columns);
  const ActivationKinds kinds =
      KindBit(ActivationKind::kInt8) | KindBit(ActivationKind::kInt12);
  device::HugeBuffer scratch = *device::HugeBuffer::Allocate(
      Activations::ScratchBytes(kinds, tokens, columns));
  for (const KernelSet kernels : HostKernelSets()) {
    std::fill_n(scratch.data(), scratch.size(), uint8_t{1});
    const Activations activations(kernels, kinds, tokens, columns,
                                  scratch.data());
    activations.Pack(input.data(), columns, 0, tokens);
    const auto at = [&](ActivationKind kind, int64_t offset) {
      float value;
      std::memcpy(&value, activations.data(kind) + offset, sizeof(value));
      return value;
    };
    const Int8BlockLayout int8{activations.TileWidth(ActivationKind::kInt8)};
    const Int12BlockLayout int12{activations.TileWidth(ActivationKind::kInt12)};
    for (int64_t b = 0; b < activations.num_blocks(); ++b) {
      for (int t = tokens; t < int8.width; ++t) {
        const int64_t block = b * int8.bytes();
        EXPECT_EQ(at(ActivationKind::kInt8, block + int8.scale(t)), 0);
        EXPECT_EQ(at(ActivationKind::kInt8, block + int8.scale(t) + 4), 0);
        EXPECT_EQ(at(ActivationKind::kInt8, block + int8.scaled_sum(t)), 0);
      }
      for (int t = tokens; t < int12.width; ++t) {
        const int64_t block = b * int12.bytes();
        EXPECT_EQ(at(ActivationKind::kInt12, block + int12.scale(t)), 0);
        EXPECT_EQ(at(ActivationKind::kInt12, block + int12.scaled_sum(t)), 0);
      }
    }
  }
}

TEST(MatmulTest, RefusesShapesThatDisagree) {
  std::mt19937 random(6);
  const Matrix matrix(DType::kQ8_0, 16, 64, random, KernelSet::kReference);
  device::HugeBuffer memory = *device::HugeBuffer::Allocate(16384);
  uint8_t* const scratch = memory.data();
  const Activations wrong(KernelSet::kReference,
                          matrix.packed.activation_kinds(), 1, 96, scratch);
  float output[16];
  EXPECT_EQ(Matmul(wrong, matrix.packed, {0, 16}, {output, 16}).code(),
            absl::StatusCode::kInvalidArgument);
  const Activations kind(KernelSet::kReference, KindBit(ActivationKind::kBF16),
                         1, 64, scratch);
  EXPECT_EQ(Matmul(kind, matrix.packed, {0, 16}, {output, 16}).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera::kernels
