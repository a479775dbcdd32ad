#include "libs/checkpoint/mapped_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/checkpoint/atomic_file.h"

namespace tessera {
namespace {

std::string TestPath(absl::string_view name) {
  return absl::StrCat(testing::TempDir(), "/", name);
}

std::string Text(const MappedFile& file) {
  return {file.bytes().begin(), file.bytes().end()};
}

TEST(MappedFileTest, BytesStayReadableAfterRelease) {
  const std::string path = TestPath("mapped");
  const std::string content(10000, 'x');
  ASSERT_TRUE(WriteFileAtomically(path, content).ok());
  absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  MappedFile moved = *std::move(file);
  EXPECT_EQ(Text(moved), content);
  moved.Release(moved.bytes().subspan(5000));
  moved.Release(moved.bytes().subspan(10000));
  EXPECT_EQ(Text(moved), content);
}

TEST(MappedFileTest, RefusesWhatIsNoFileWithContent) {
  EXPECT_EQ(MappedFile::Open(TestPath("missing")).status().code(),
            absl::StatusCode::kNotFound);
  const absl::Status directory = MappedFile::Open(testing::TempDir()).status();
  EXPECT_TRUE(absl::StrContains(directory.message(), "is a directory"));

  ASSERT_TRUE(WriteFileAtomically(TestPath("empty"), "").ok());
  const absl::Status empty = MappedFile::Open(TestPath("empty")).status();
  EXPECT_TRUE(absl::StrContains(empty.message(), "is empty"));

  ASSERT_EQ(mkfifo(TestPath("pipe").c_str(), 0600), 0);
  const absl::Status pipe = MappedFile::Open(TestPath("pipe")).status();
  EXPECT_TRUE(absl::StrContains(pipe.message(), "device or pipe"));
}

int NumEntries(const std::string& directory) {
  return std::distance(std::filesystem::directory_iterator(directory), {});
}

TEST(AtomicFileTest, AppearsAtCommitAlone) {
  const std::string directory = TestPath("atomic");
  std::filesystem::create_directory(directory);
  const std::string path = directory + "/file";
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  const MappedFile old = *MappedFile::Open(path);
  {
    AtomicFile abandoned = *AtomicFile::Create(path);
    ASSERT_TRUE(abandoned.Append("new").ok());
  }
  EXPECT_EQ(Text(*MappedFile::Open(path)), "old");
  EXPECT_EQ(NumEntries(directory), 1);

  AtomicFile file = *AtomicFile::Create(path);
  ASSERT_TRUE(file.Append(std::string(3 << 20, 'n')).ok());
  ASSERT_TRUE(file.AppendZeros(3 << 20).ok());
  ASSERT_TRUE(file.Append("end").ok());
  EXPECT_EQ(file.num_bytes(), (6 << 20) + 3);
  ASSERT_TRUE(file.Commit().ok());
  EXPECT_EQ(Text(*MappedFile::Open(path)),
            std::string(3 << 20, 'n') + std::string(3 << 20, '\0') + "end");
  EXPECT_EQ(Text(old), "old");  // still mapped
  EXPECT_EQ(NumEntries(directory), 1);
}

TEST(AtomicFileTest, NamesThePathItCannotWrite) {
  const absl::Status missing = AtomicFile::Create("/nonexistent/x").status();
  EXPECT_TRUE(absl::StrContains(missing.message(), "write /nonexistent/x"));
  EXPECT_FALSE(AtomicFile::Create(testing::TempDir()).ok());
}

}  // namespace
}  // namespace tessera
