#include "services/gateway/caller_salt.h"

#include <fstream>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace tessera::gateway {
namespace {

Caller CallerOf(absl::string_view key) {
  return *ApiKeys::Parse(key)->Find(key);
}

std::string DigestOf(const Caller& caller) {
  return std::string(caller.key->begin(), caller.key->end());
}

constexpr char kSecret[] = "0123456789abcdef";

TEST(CallerSaltsTest, TheSameKeyAndCacheSaltShareAndNoOthersDo) {
  const CallerSalts salts(kSecret);
  std::set<std::string> all;
  for (const Caller& caller :
       {Caller(), CallerOf("first-key-1"), CallerOf("second-key-2")}) {
    for (const char* cache_salt : {"", "a", "b"}) {
      const std::string salt = salts.Of(caller, cache_salt);
      EXPECT_EQ(salt, salts.Of(caller, cache_salt));
      EXPECT_TRUE(all.insert(salt).second) << cache_salt;
    }
  }
}

TEST(CallerSaltsTest, NoCacheSaltMakesAnotherCallersSalt) {
  const CallerSalts salts(kSecret);
  const Caller victim = CallerOf("first-key-1");
  const Caller thief = CallerOf("second-key-2");
  const std::string salt = salts.Of(victim, "s");
  for (const std::string& cache_salt :
       {salt, DigestOf(victim), DigestOf(victim) + "s",
        std::string("first-key-1"), std::string("first-key-1s"),
        DigestOf(victim) + std::string("\1\0\0\0\0\0\0\0s", 9)}) {
    EXPECT_NE(salts.Of(thief, cache_salt), salt);
    EXPECT_NE(salts.Of(Caller(), cache_salt), salt);
  }
}

TEST(CallerSaltsTest, WithoutAKeyAndACacheSaltAllShare) {
  EXPECT_EQ(CallerSalts(kSecret).Of(Caller(), ""), "");
  EXPECT_EQ(CallerSalts("").Of(Caller(), ""), "");
}

// Computed by Python's hmac. What a store holds is found by later versions too.
TEST(CallerSaltsTest, IsTheHmacThatItSaysItIs) {
  EXPECT_EQ(CallerSalts(kSecret).Of(CallerOf("first-key-1"), "red"),
            "9ae18d3d6999271c841643e9908ade6da70d297606c36343d6c8cd76fdc1c854");
  EXPECT_EQ(CallerSalts("").Of(Caller(), "red"),
            "8eea651348ab658854994566d745e8b19d7d8e4f7163b7d79205b69674b6193b");
}

TEST(CallerSaltsTest, GatewaysWithTheSameSecretAgree) {
  const std::string path = testing::TempDir() + "/secret";
  std::ofstream(path) << kSecret << "\n";
  const Caller caller = CallerOf("first-key-1");
  const auto one = CallerSalts::Open(path, /*has_keys=*/true);
  const auto two = CallerSalts::Open(path, /*has_keys=*/true);
  ASSERT_TRUE(one.ok() && two.ok()) << one.status();
  EXPECT_EQ(one->Of(caller, "s"), two->Of(caller, "s"));
  EXPECT_EQ(one->Of(caller, "s"), CallerSalts(kSecret).Of(caller, "s"));
  EXPECT_NE(one->Of(caller, "s"),
            CallerSalts("another secret, really").Of(caller, "s"));
}

TEST(CallerSaltsTest, WithoutASecretKeysGetOneThatNobodyElseHas) {
  const Caller caller = CallerOf("first-key-1");
  const auto one = CallerSalts::Open("", /*has_keys=*/true);
  const auto two = CallerSalts::Open("", /*has_keys=*/true);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_NE(one->Of(caller, ""), two->Of(caller, ""));
}

TEST(CallerSaltsTest, WithoutASecretAndKeysACacheSaltIsFoundAfterARestart) {
  const auto one = CallerSalts::Open("", /*has_keys=*/false);
  const auto two = CallerSalts::Open("", /*has_keys=*/false);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(one->Of(Caller(), "s"), two->Of(Caller(), "s"));
}

TEST(CallerSaltsTest, ASecretThatIsNoSecretIsAnError) {
  const std::string path = testing::TempDir() + "/short";
  std::ofstream(path) << "short\n";
  EXPECT_FALSE(CallerSalts::Open(path, /*has_keys=*/true).ok());
  EXPECT_FALSE(CallerSalts::Open(path, /*has_keys=*/false).ok());
}

}  // namespace
}  // namespace tessera::gateway
