#include "libs/options/secret_file.h"

#include <sys/stat.h>

#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace tessera::options {
namespace {

class SecretFileTest : public testing::Test {
 protected:
  absl::StatusOr<std::string> Read(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    return ReadSecretFile(path_);
  }

  const std::string path_ = testing::TempDir() + "/secret";
};

TEST_F(SecretFileTest, LineBreaksAtTheEndDoNotCount) {
  const std::string secret("\n0123\0 56789abcdef", 18);
  for (const char* end : {"", "\n", "\r\n", "\n\n"}) {
    const absl::StatusOr<std::string> read = Read(secret + end);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, secret);
  }
}

TEST_F(SecretFileTest, RefusesWhatIsTooShortOrTooLongAndDoesNotShowIt) {
  for (const std::string& bytes :
       {std::string(), std::string("0123456789abcde\n\n\n"),
        std::string(kMaxSecretBytes + 1, 'x')}) {
    const absl::Status status = Read(bytes).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StartsWith(status.message(), path_)) << status;
    EXPECT_FALSE(absl::StrContains(status.message(), "0123456789"));
    EXPECT_FALSE(absl::StrContains(status.message(), "xxx"));
  }
  EXPECT_TRUE(Read(std::string(kMinSecretBytes, 'x')).ok());
  EXPECT_TRUE(Read(std::string(kMaxSecretBytes, 'x')).ok());
}

TEST_F(SecretFileTest, RefusesWhatIsNoRegularFile) {
  EXPECT_EQ(ReadSecretFile(path_ + ".missing").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadSecretFile(testing::TempDir()).status().code(),
            absl::StatusCode::kInvalidArgument);
  const std::string pipe = path_ + ".pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(ReadSecretFile(pipe).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera::options
