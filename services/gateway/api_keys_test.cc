#include "services/gateway/api_keys.h"

#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "services/gateway/active_requests.h"

namespace tessera::gateway {
namespace {

TEST(ApiKeysTest, FindsKeysAndTheirNames) {
  const auto keys = ApiKeys::Parse(
      "# ours\n\nfirst-key-1\r\n  alice:second-key  \nbob:with:colon:key\n");
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->Find("first-key-1")->name, "");
  EXPECT_EQ(keys->Find("second-key")->name, "alice");
  EXPECT_EQ(keys->Find("with:colon:key")->name, "bob");
  EXPECT_FALSE(keys->Find("").has_value());
  EXPECT_FALSE(keys->Find("second-ke").has_value());
  EXPECT_FALSE(keys->Find("second-key2").has_value());
  EXPECT_FALSE(keys->Find("alice:second-key").has_value());
  EXPECT_FALSE(keys->Find("# ours").has_value());
}

TEST(ApiKeysTest, RefusesWithTheLineAndNeverTheKey) {
  for (const char* text :
       {"", "# nothing\n", "\nshort\n", "\nwith a space\n",
        "\nbad name:12345678", "\n:12345678", "same-key-1\na:same-key-1"}) {
    const absl::Status status = ApiKeys::Parse(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_FALSE(absl::StrContains(status.message(), "same-key-1"));
  }
  EXPECT_TRUE(absl::StartsWith(ApiKeys::Parse("\nshort").status().message(),
                               "line 2: "));
}

class KeyRingTest : public testing::Test {
 protected:
  void Write(const char* text) const { std::ofstream(path_) << text; }

  const std::string path_ = testing::TempDir() + "/keys";
};

TEST_F(KeyRingTest, ABrokenFileLeavesTheOldKeys) {
  Write("old-key-12\n");
  const auto ring = KeyRing::Open(path_);
  ASSERT_TRUE(ring.ok()) << ring.status();
  Write("broken\n");
  EXPECT_FALSE((*ring)->Reload().ok());
  EXPECT_TRUE((*ring)->Check("Bearer old-key-12").has_value());
  Write("new-key-12\n");
  EXPECT_TRUE((*ring)->Reload().ok());
  EXPECT_FALSE((*ring)->Check("Bearer old-key-12").has_value());
  EXPECT_TRUE((*ring)->Check("bearer  new-key-12").has_value());
  EXPECT_FALSE((*ring)->Check("new-key-12").has_value());
  EXPECT_FALSE((*ring)->Check("").has_value());
}

TEST_F(KeyRingTest, AFileThatIsNotThereIsAnError) {
  const auto ring = KeyRing::Open(path_ + ".missing");
  EXPECT_FALSE(ring.ok());
}

TEST_F(KeyRingTest, WithoutAFileEverybodyMayAsk) {
  const auto ring = KeyRing::Open("");
  ASSERT_TRUE(ring.ok());
  EXPECT_TRUE((*ring)->Check("").has_value());
  EXPECT_FALSE((*ring)->Check("")->key.has_value());
}

TEST(ActiveRequestsTest, CountsEachCallersOwn) {
  const auto keys = ApiKeys::Parse("first-key-1\nsecond-key-2\n");
  const Caller first = *keys->Find("first-key-1");
  const Caller second = *keys->Find("second-key-2");
  ActiveRequests active(2);
  auto a = active.TryAdd(first);
  auto b = active.TryAdd(first);
  EXPECT_EQ(active.TryAdd(first), nullptr);
  auto c = active.TryAdd(second);
  EXPECT_NE(c, nullptr);
  EXPECT_EQ(active.num_active(), 3);
  a.reset();
  EXPECT_NE(active.TryAdd(first), nullptr);
  EXPECT_EQ(active.num_active(), 2);
}

}  // namespace
}  // namespace tessera::gateway
