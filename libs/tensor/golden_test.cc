// The same bytes as the Python package gguf: testdata/make_goldens.py.
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "libs/tensor/dequantize.h"
#include "libs/tensor/dtype.h"
#include "libs/tensor/quantize.h"

namespace tessera {
namespace {

std::string golden_path;  // the first argument

std::optional<DType> ByName(absl::string_view name) {
  for (int i = 0; i < kNumDTypes; ++i) {
    if (DTypeName(static_cast<DType>(i)) == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

// Bytes as floats, and back.
std::vector<float> Floats(const std::string& bytes) {
  std::vector<float> floats(bytes.size() / sizeof(float));
  std::memcpy(floats.data(), bytes.data(), bytes.size());
  return floats;
}

std::string Dequantized(DType dtype, const std::string& row, size_t n) {
  std::vector<float> output(n);
  const std::string unaligned = "x" + row;
  DequantizeRow(dtype, unaligned.data() + 1, n, output.data());
  return {reinterpret_cast<const char*>(output.data()), n * sizeof(float)};
}

std::string Quantized(DType dtype, const std::vector<float>& row) {
  std::string output(*RowBytes(dtype, row.size()), '\0');
  QuantizeRow(dtype, row.data(), row.size(), output.data());
  return output;
}

TEST(GoldenTest, SameBytesAsGguf) {
  std::ifstream file(golden_path);
  std::string what, name, input_hex, output_hex;
  int num_lines = 0;
  while (file >> what >> name >> input_hex >> output_hex) {
    const std::optional<DType> dtype = ByName(name);
    ASSERT_TRUE(dtype.has_value()) << name;
    const std::string input = absl::HexStringToBytes(input_hex);
    const std::string expected = absl::HexStringToBytes(output_hex);
    const std::string output =
        what == "quantize"
            ? Quantized(*dtype, Floats(input))
            : Dequantized(*dtype, input, expected.size() / sizeof(float));
    EXPECT_EQ(absl::BytesToHexString(output), output_hex) << what << name;
    ++num_lines;
  }
  EXPECT_EQ(num_lines, 48);
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc == 2) tessera::golden_path = argv[1];
  return RUN_ALL_TESTS();
}
