#include "services/prefix_cache/client/store_access.h"

#include <cstdlib>
#include <fstream>
#include <vector>

#include "gtest/gtest.h"

namespace tessera::prefix_cache {
namespace {

absl::StatusOr<StoreAccessOptions> Parse(std::vector<std::string> args) {
  StoreAccessOptions options;
  options::Flags flags("test", "");
  AddStoreAccessFlags(&flags, &options);
  absl::Status status = flags.Parse(args);
  if (status.ok()) status = options.Validate();
  if (!status.ok()) return status;
  return options;
}

std::string NewDirectory() {
  std::string directory = testing::TempDir() + "/access-XXXXXX";
  EXPECT_NE(mkdtemp(directory.data()), nullptr);
  return directory;
}

std::string WriteFile(const std::string& text) {
  const std::string path = NewDirectory() + "/file";
  std::ofstream(path) << text;
  return path;
}

TEST(StoreAccessTest, ThereIsNoStoreUnlessOneIsAskedFor) {
  metrics::Registry registry;
  for (const std::vector<std::string>& args : {std::vector<std::string>{},
                                               {"--prefix-cache", "on"},
                                               {"--prefix-cache=off"}}) {
    const auto options = Parse(args);
    ASSERT_TRUE(options.ok()) << options.status();
    const auto access = StoreAccess::Open(*options, &registry);
    ASSERT_TRUE(access.ok()) << access.status();
    EXPECT_EQ((*access)->client(), nullptr);
  }
  EXPECT_TRUE(Parse({})->caching);
  EXPECT_FALSE(Parse({"--prefix-cache=off"})->caching);
}

TEST(StoreAccessTest, MemoryADirectoryOrAnAddressMakeOne) {
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"--prefix-cache-memory=16MiB"},
        {"--prefix-cache-dir=" + NewDirectory()},
        {"--prefix-cache=127.0.0.1:1"}}) {
    metrics::Registry registry;
    const auto options = Parse(args);
    ASSERT_TRUE(options.ok()) << options.status();
    EXPECT_TRUE(options->caching);
    const auto access = StoreAccess::Open(*options, &registry);
    ASSERT_TRUE(access.ok()) << access.status();
    EXPECT_NE((*access)->client(), nullptr);
  }
}

TEST(StoreAccessTest, RefusesFlagsThatContradictEachOther) {
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"--prefix-cache=off", "--prefix-cache-dir=/d"},
        {"--prefix-cache=off", "--prefix-cache-secret=/s"},
        {"--prefix-cache=h:1", "--prefix-cache-memory=16MiB"},
        {"--prefix-cache=h:1", "--prefix-cache-dir=/d"},
        {"--prefix-cache-secret=/s"},
        {"--prefix-cache-disk=1GiB"},
        {"--prefix-cache-tls-ca=/c", "--prefix-cache-dir=/d"},
        {"--prefix-cache=maybe"},
        {"--prefix-cache="}}) {
    const auto options = Parse(args);
    ASSERT_FALSE(options.ok()) << args[0];
    EXPECT_NE(options.status().message().find("--prefix-cache"),
              absl::string_view::npos)
        << options.status();
  }
}

TEST(StoreAccessTest, TheSecretIsTheKey) {
  metrics::Registry registry;
  StoreAccessOptions options = {.local = {.memory_bytes = 1 << 20}};
  const std::string public_key =
      (*StoreAccess::Open(options, &registry))->key();
  EXPECT_FALSE(public_key.empty());
  options.secret_file = WriteFile("0123456789abcdef0123\n");
  metrics::Registry another;
  const auto access = StoreAccess::Open(options, &another);
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ((*access)->key(), "0123456789abcdef0123");
}

TEST(StoreAccessTest, RefusesASecretThatIsNone) {
  for (const std::string& file :
       {WriteFile(""), WriteFile("short\n"), WriteFile(std::string(5000, 'x')),
        NewDirectory() + "/missing"}) {
    metrics::Registry registry;
    const auto access = StoreAccess::Open(
        {.secret_file = file, .local = {.memory_bytes = 1 << 20}}, &registry);
    ASSERT_FALSE(access.ok()) << file;
    EXPECT_NE(access.status().message().find(file), absl::string_view::npos);
  }
}

}  // namespace
}  // namespace tessera::prefix_cache
