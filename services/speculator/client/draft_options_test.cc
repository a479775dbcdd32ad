#include "services/speculator/client/draft_options.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tessera::speculator {
namespace {

using ::testing::HasSubstr;

// What Parse and then Validate say.
absl::Status Parsed(std::vector<std::string> args, DraftOptions* options) {
  options::Flags flags("test", "");
  AddDraftFlags(&flags, options);
  if (absl::Status status = flags.Parse(args); !status.ok()) return status;
  return options->Validate();
}

TEST(DraftOptionsTest, NothingIsTheDefault) {
  DraftOptions options;
  EXPECT_TRUE(Parsed({}, &options).ok());
  EXPECT_FALSE(options.has_any());
}

TEST(DraftOptionsTest, TakesEitherSource) {
  DraftOptions local;
  EXPECT_TRUE(
      Parsed({"--draft-model=a.gguf", "--draft-kv-memory=64MiB"}, &local).ok());
  EXPECT_TRUE(local.has_any());
  EXPECT_EQ(local.kv_memory_bytes, 64 << 20);
  DraftOptions remote;
  EXPECT_TRUE(Parsed({"--speculator=localhost:9092"}, &remote).ok());
  EXPECT_TRUE(remote.has_any());
}

TEST(DraftOptionsTest, RefusesBothByTheirNames) {
  DraftOptions options;
  const absl::Status status =
      Parsed({"--draft-model=a", "--speculator=b:1"}, &options);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("--draft-model and --speculator"));
}

TEST(DraftOptionsTest, RefusesACertificateWithoutItsKey) {
  DraftOptions options;
  EXPECT_THAT(
      Parsed({"--speculator-tls-certificate=a.pem"}, &options).message(),
      HasSubstr("--speculator-tls"));
}

}  // namespace
}  // namespace tessera::speculator
