#include "libs/base/check.h"

#include "gtest/gtest.h"
#include "libs/base/status_macros.h"

namespace tessera {
namespace {

TEST(CheckDeathTest, SaysWhereAndWhat) {
  const int num_blocks = 3;
  EXPECT_DEATH(CHECK(num_blocks == 4) << "blocks: " << num_blocks,
               "check_test.cc:.*check failed: num_blocks == 4 blocks: 3");
}

TEST(CheckTest, HoldsSilently) { CHECK(1 + 1 == 2) << "never built"; }

absl::StatusOr<int> Half(int n) {
  if (n % 2 != 0) return absl::InvalidArgumentError("odd");
  return n / 2;
}

absl::StatusOr<int> Quarter(int n) {
  ASSIGN_OR_RETURN(const int half, Half(n));
  ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

TEST(StatusMacrosTest, ReturnsTheFirstError) {
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_EQ(Quarter(6).status().message(), "odd");
  EXPECT_EQ(Annotate(Half(3).status(), "file.gguf").message(),
            "file.gguf: odd");
  EXPECT_TRUE(Annotate(absl::OkStatus(), "file.gguf").ok());
}

}  // namespace
}  // namespace tessera
