#include "libs/rpc/status.h"

#include "gtest/gtest.h"

namespace tessera::rpc {
namespace {

TEST(StatusTest, EveryCodeGoesThereAndBack) {
  for (int code = 0; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "words");
    EXPECT_EQ(ToGrpc(status).error_code(), code);
    EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
  }
}

TEST(StatusTest, ACodeThatNobodyKnowsIsUnknown) {
  const grpc::Status strange(static_cast<grpc::StatusCode>(99), "words");
  EXPECT_EQ(FromGrpc(strange), absl::UnknownError("words"));
}

}  // namespace
}  // namespace tessera::rpc
