#include "libs/device/huge_buffer.h"

#include <limits>
#include <utility>

#include "gtest/gtest.h"

namespace tessera::device {
namespace {

TEST(HugeBufferTest, IsAlignedZeroedAndWritable) {
  HugeBuffer buffer = *HugeBuffer::Allocate(5'000'000);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % (2 << 20), 0);
  EXPECT_EQ(buffer.size(), 5'000'000);
  for (int64_t i = 0; i < buffer.size(); i += 1000) {
    EXPECT_EQ(buffer.data()[i], 0);
  }
  buffer.data()[buffer.size() - 1] = 7;
  const HugeBuffer moved = std::move(buffer);
  EXPECT_EQ(moved.data()[moved.size() - 1], 7);
}

TEST(HugeBufferTest, EmptyIsFine) {
  EXPECT_EQ(HugeBuffer::Allocate(0)->size(), 0);
}

TEST(HugeBufferTest, RefusesWhatCannotBe) {
  EXPECT_EQ(HugeBuffer::Allocate(-1).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(HugeBuffer::Allocate(std::numeric_limits<int64_t>::max() / 2)
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace tessera::device
