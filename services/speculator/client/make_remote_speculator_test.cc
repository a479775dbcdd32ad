#include "services/speculator/client/make_remote_speculator.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tessera::speculator {
namespace {

using ::testing::HasSubstr;

TEST(MakeRemoteSpeculatorTest, NoFlagsNoSpeculator) {
  metrics::Registry registry;
  const auto factory = MakeRemoteSpeculatorFactory({}, &registry);
  ASSERT_TRUE(factory.ok()) << factory.status();
  EXPECT_FALSE(*factory);
}

TEST(MakeRemoteSpeculatorTest, ADraftModelIsRefusedByAProcessThatHoldsNone) {
  metrics::Registry registry;
  const absl::Status status =
      MakeRemoteSpeculatorFactory({.model_file = "a.gguf"}, &registry).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("--draft-model"));
  EXPECT_THAT(status.message(), HasSubstr("--speculator"));
}

TEST(MakeRemoteSpeculatorTest, AMissingCertificateIsNamed) {
  metrics::Registry registry;
  const absl::Status status =
      MakeRemoteSpeculatorFactory(
          {.address = "127.0.0.1:1", .tls = {.ca_file = "no/such.pem"}},
          &registry)
          .status();
  EXPECT_THAT(status.message(), HasSubstr("no/such.pem"));
}

}  // namespace
}  // namespace tessera::speculator
