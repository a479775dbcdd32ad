#include "libs/tensor/dtype.h"

#include <limits>

#include "gtest/gtest.h"
#include "libs/tensor/block_formats.h"

namespace tessera {
namespace {

TEST(DTypeTest, BlockBytesAreThoseOfTheStructs) {
  EXPECT_EQ(Traits(DType::kQ4_0).block_bytes, sizeof(BlockQ4_0));
  EXPECT_EQ(Traits(DType::kQ4_1).block_bytes, sizeof(BlockQ4_1));
  EXPECT_EQ(Traits(DType::kQ5_0).block_bytes, sizeof(BlockQ5_0));
  EXPECT_EQ(Traits(DType::kQ5_1).block_bytes, sizeof(BlockQ5_1));
  EXPECT_EQ(Traits(DType::kQ8_0).block_bytes, sizeof(BlockQ8_0));
  EXPECT_EQ(Traits(DType::kQ4_K).block_bytes, sizeof(BlockQ4_K));
  EXPECT_EQ(Traits(DType::kQ5_K).block_bytes, sizeof(BlockQ5_K));
  EXPECT_EQ(Traits(DType::kQ6_K).block_bytes, sizeof(BlockQ6_K));
}

TEST(DTypeTest, RowsAreWholeBlocks) {
  EXPECT_EQ(*RowBytes(DType::kF32, 3), 12);
  EXPECT_EQ(*RowBytes(DType::kQ4_1, 576), 18 * 20);
  EXPECT_EQ(*RowBytes(DType::kQ6_K, 0), 0);
  EXPECT_EQ(RowBytes(DType::kQ4_K, 288).status().message(),
            "a row of 288 elements is not a whole number of Q4_K blocks of "
            "256");
  EXPECT_FALSE(RowBytes(DType::kF32, -1).ok());
  EXPECT_FALSE(RowBytes(DType::kF32, std::numeric_limits<int64_t>::max()).ok());
}

}  // namespace
}  // namespace tessera
