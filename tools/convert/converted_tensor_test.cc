#include "tools/convert/converted_tensor.h"

#include <cstring>

#include "gtest/gtest.h"

namespace tessera::convert {
namespace {

ConvertedTensor Rotated(RowOrder order) {
  return {.dtype = DType::kF32, .row_order = order, .head_dim = 6};
}

std::vector<float> Written(const ConvertedTensor& tensor,
                           const std::vector<float>& values, Shape shape) {
  const auto view = TensorView::Create(DType::kF32, shape, values.data());
  EXPECT_TRUE(view.ok()) << view.status();
  std::vector<float> written;
  EXPECT_TRUE(WriteRows(tensor, *view, [&](absl::Span<const uint8_t> bytes) {
                written.resize(written.size() + bytes.size() / 4);
                std::memcpy(&*(written.end() - bytes.size() / 4), bytes.data(),
                            bytes.size());
                return absl::OkStatus();
              }).ok());
  return written;
}

TEST(ConvertedTensorTest, PairsAndHalvesUndoEachOther) {
  const ConvertedTensor pairs = Rotated(RowOrder::kHalvesToPairs);
  const ConvertedTensor halves = Rotated(RowOrder::kPairsToHalves);
  for (int64_t row = 0; row < 12; ++row) {
    EXPECT_EQ(SourceRow(halves, SourceRow(pairs, row)), row);
    EXPECT_EQ(SourceRow(pairs, row) / 6, row / 6) << "within its head";
  }
  // Row 0 and 1 of the pairs are what the first rotation turns: rows 0 and 3.
  EXPECT_EQ(SourceRow(pairs, 0), 0);
  EXPECT_EQ(SourceRow(pairs, 1), 3);
  EXPECT_EQ(SourceRow(pairs, 8), 7);
}

TEST(ConvertedTensorTest, MatricesMoveRowsAndBiasesElements) {
  const ConvertedTensor pairs = Rotated(RowOrder::kHalvesToPairs);
  const std::vector<float> want = {0, 3, 1, 4, 2, 5};
  EXPECT_EQ(Written(pairs, {0, 1, 2, 3, 4, 5}, {6}), want);
  EXPECT_EQ(Written(pairs, {0, 1, 2, 3, 4, 5}, {6, 1}), want);
}

TEST(ConvertedTensorTest, RowsBecomeTheTypeAskedFor) {
  const std::vector<float> values = {1, 1.00390625f, -2, 3};
  const auto view = TensorView::Create(DType::kF32, {2, 2}, values.data());
  std::vector<uint8_t> bytes;
  ASSERT_TRUE(WriteRows({.dtype = DType::kBF16}, *view,
                        [&](absl::Span<const uint8_t> row) {
                          bytes.insert(bytes.end(), row.begin(), row.end());
                          return absl::OkStatus();
                        })
                  .ok());
  // 1.00390625 is halfway between two bf16 and goes to the even one.
  EXPECT_EQ(bytes, (std::vector<uint8_t>{0x80, 0x3F, 0x80, 0x3F, 0x00, 0xC0,
                                         0x40, 0x40}));
}

}  // namespace
}  // namespace tessera::convert
