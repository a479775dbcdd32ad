#include "libs/options/values.h"

#include <limits>

#include "gtest/gtest.h"

namespace tessera::options {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(ValuesTest, SwitchesTakeTheUsualWords) {
  EXPECT_TRUE(*ParseSwitch("true"));
  EXPECT_TRUE(*ParseSwitch("On"));
  EXPECT_TRUE(*ParseSwitch("1"));
  EXPECT_FALSE(*ParseSwitch("off"));
  EXPECT_FALSE(*ParseSwitch("no"));
  EXPECT_FALSE(ParseSwitch("2").ok());
  EXPECT_FALSE(ParseSwitch("").ok());
}

TEST(ValuesTest, IntegersStayInTheirRange) {
  EXPECT_EQ(*ParseInt("-3", -3, 5), -3);
  EXPECT_EQ(*ParseInt("5", -3, 5), 5);
  EXPECT_EQ(ParseInt("6", -3, 5).status().message(),
            "expected an integer from -3 to 5, got \"6\"");
  EXPECT_EQ(ParseInt("0", 1, kMax).status().message(),
            "expected an integer of at least 1, got \"0\"");
  EXPECT_EQ(ParseInt("x", -kMax, kMax).status().message(),
            "expected an integer, got \"x\"");
  for (const char* text : {"", "1.5", "1e3", "0x10", "99999999999999999999"}) {
    EXPECT_FALSE(ParseInt(text, -kMax, kMax).ok()) << text;
  }
  EXPECT_EQ(*ParseUint64("18446744073709551615"), ~uint64_t{0});
  EXPECT_FALSE(ParseUint64("-1").ok());
}

TEST(ValuesTest, NumbersAreFinite) {
  EXPECT_EQ(*ParseReal("0.5", 0, 2), 0.5);
  EXPECT_EQ(*ParseReal("2", 0, 2), 2.0);
  EXPECT_EQ(ParseReal("2.1", 0, 2).status().message(),
            "expected a number from 0 to 2, got \"2.1\"");
  EXPECT_EQ(ParseReal("x", -1e300, 1e300).status().message(),
            "expected a number, got \"x\"");
  for (const char* text : {"nan", "inf", "", "1x", "-0.1"}) {
    EXPECT_FALSE(ParseReal(text, 0, 2).ok()) << text;
  }
}

TEST(ValuesTest, BytesTakeUnits) {
  EXPECT_EQ(*ParseBytes("123", 0, kMax), 123);
  EXPECT_EQ(*ParseBytes("1GiB", 0, kMax), int64_t{1} << 30);
  EXPECT_EQ(*ParseBytes("1.5 MiB", 0, kMax), 3 << 19);
  EXPECT_EQ(*ParseBytes("2GB", 0, kMax), 2'000'000'000);
  EXPECT_EQ(*ParseBytes("7B", 0, kMax), 7);
  for (const char* text :
       {"", "GiB", "-1", "1 PiB", "nan", "9e18TiB", "1gib"}) {
    EXPECT_FALSE(ParseBytes(text, 0, kMax).ok()) << text;
  }
  EXPECT_FALSE(ParseBytes("9223372036854775808", 0, kMax).ok());
  EXPECT_FALSE(ParseBytes("2KiB", 0, 2047).ok());
}

TEST(ValuesTest, TimesNeedUnits) {
  const absl::Duration day = absl::Hours(24);
  EXPECT_EQ(*ParseDuration("250ms", absl::ZeroDuration(), day),
            absl::Milliseconds(250));
  EXPECT_EQ(*ParseDuration("1h30m", absl::ZeroDuration(), day),
            absl::Minutes(90));
  for (const char* text : {"", "3", "inf", "-1s", "25h"}) {
    EXPECT_FALSE(ParseDuration(text, absl::ZeroDuration(), day).ok()) << text;
  }
}

}  // namespace
}  // namespace tessera::options
