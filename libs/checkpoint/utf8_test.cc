#include "libs/checkpoint/utf8.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/checkpoint/file_error.h"

namespace tessera {
namespace {

// RFC 3629's definition, by decoding one sequence and encoding it again.
bool IsOneCodePoint(const std::string& bytes) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  uint32_t code = 0;
  if (bytes.size() == 1) return at(0) < 0x80;
  code = at(0) & (0x7f >> bytes.size());
  for (size_t i = 1; i < bytes.size(); ++i) {
    if (at(i) >> 6 != 2) return false;
    code = code << 6 | (at(i) & 63);
  }
  const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const int lead = 0xff & (0xff00 >> bytes.size());
  const bool is_lead_right =
      (at(0) & (0xff & (0xff80 >> bytes.size()))) == lead;
  return is_lead_right && code >= least[bytes.size()] && code <= 0x10ffff &&
         (code < 0xd800 || code > 0xdfff);
}

TEST(Utf8Test, AcceptsExactlyTheCodePointsOfUpToThreeBytes) {
  for (int a = 0; a < 256; ++a) {
    const std::string one(1, static_cast<char>(a));
    ASSERT_EQ(IsUtf8(one), IsOneCodePoint(one)) << a;
    if (a < 128) continue;  // a second byte would start another code point
    for (int b = 128; b < 256; ++b) {
      const std::string two = one + static_cast<char>(b);
      ASSERT_EQ(IsUtf8(two), IsOneCodePoint(two)) << a << " " << b;
      const std::string three = two + static_cast<char>(128 + (a * 7 + b) % 64);
      ASSERT_EQ(IsUtf8(three), IsOneCodePoint(three)) << a << " " << b;
      const std::string four = three + '\x80';
      ASSERT_EQ(IsUtf8(four), IsOneCodePoint(four)) << a << " " << b;
    }
  }
}

TEST(Utf8Test, WholeTexts) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("naïve 模型 🙂"));
  EXPECT_FALSE(IsUtf8("cut \xe6\xa8"));
  EXPECT_FALSE(IsUtf8("a\xffz"));
}

TEST(QuotedTest, ShowsAnyBytesSafely) {
  EXPECT_EQ(Quoted("naïve"), "\"naïve\"");
  EXPECT_EQ(Quoted("a\n\x01"), "\"a\\x0a\\x01\"");
  EXPECT_EQ(Quoted("\xff"), "\"\\xff\"");
  EXPECT_EQ(Quoted(std::string(100, 'x')),
            "\"" + std::string(64, 'x') + "...\"");
}

}  // namespace
}  // namespace tessera
