#include "libs/tensor/tensor_view.h"

#include <array>
#include <limits>

#include "gtest/gtest.h"

namespace tessera {
namespace {

TEST(TensorViewTest, RowsAreTheLastDimension) {
  const std::array<uint8_t, 2 * 3 * 34> bytes{};
  const TensorView view =
      *TensorView::Create(DType::kQ8_0, {2, 3, 32}, bytes.data());
  EXPECT_EQ(view.rank(), 3);
  EXPECT_EQ(view.num_rows(), 6);
  EXPECT_EQ(view.row_elements(), 32);
  EXPECT_EQ(view.row_bytes(), 34);
  EXPECT_EQ(view.num_bytes(), 6 * 34);
  EXPECT_EQ(view.num_elements(), 192);
  EXPECT_EQ(view.row(5), bytes.data() + 5 * 34);
}

TEST(TensorViewTest, ScalarsAndEmptyTensors) {
  EXPECT_EQ(*TensorView::NumBytes(DType::kF32, {}), 4);
  EXPECT_EQ(*TensorView::NumBytes(DType::kF32, {0, 7}), 0);
  EXPECT_EQ(TensorView::Create(DType::kF32, {}, nullptr)->num_elements(), 1);
}

TEST(TensorViewTest, RefusesWhatHasNoSize) {
  const int64_t huge = std::numeric_limits<int64_t>::max() / 2;
  EXPECT_FALSE(TensorView::NumBytes(DType::kF32, {huge, 4}).ok());
  EXPECT_FALSE(TensorView::NumBytes(DType::kF32, {huge, huge, 1}).ok());
  EXPECT_FALSE(TensorView::NumBytes(DType::kF32, {-1, 4}).ok());
  EXPECT_FALSE(TensorView::NumBytes(DType::kF32, {1, 1, 1, 1, 1}).ok());
  EXPECT_FALSE(TensorView::NumBytes(DType::kQ4_0, {4, 33}).ok());
  EXPECT_EQ(ShapeString({30, 576}), "[30, 576]");
}

}  // namespace
}  // namespace tessera
