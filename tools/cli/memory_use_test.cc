#include "tools/cli/memory_use.h"

#include "gtest/gtest.h"
#include "libs/device/huge_buffer.h"

namespace tessera::cli {
namespace {

TEST(MemoryUseTest, CountsThePagesThatWereWritten) {
  constexpr int64_t kHugePage = int64_t{2} << 20;
  auto buffer = device::HugeBuffer::Allocate(8 * kHugePage);
  ASSERT_TRUE(buffer.ok()) << buffer.status();
  const auto data = absl::MakeConstSpan(buffer->data(), buffer->size());
  EXPECT_EQ(ResidentBytes(data), 0);
  buffer->data()[0] = 1;
  buffer->data()[buffer->size() - 1] = 1;
  // Two pages, whichever size they are here.
  EXPECT_GE(ResidentBytes(data), 2 * 4096);
  EXPECT_LE(ResidentBytes(data), 2 * kHugePage);
}

}  // namespace
}  // namespace tessera::cli
