#include "libs/tokenizer/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace tessera::tokenizer {
namespace {

TEST(Utf8Test, EveryCodePointGoesThere) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    AppendUtf8(c, &text);
    ASSERT_TRUE(IsValidUtf8(text)) << static_cast<uint32_t>(c);
    const CodePoint decoded = DecodeValid(text.data());
    ASSERT_EQ(decoded.value, c);
    ASSERT_EQ(decoded.num_bytes, static_cast<int>(text.size()));
  }
}

TEST(Utf8Test, ReplacesMaximalSubparts) {
  // Unicode 15, table 3-8 and after.
  EXPECT_EQ(ReplaceInvalidUtf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA");
  EXPECT_EQ(ReplaceInvalidUtf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA");
  EXPECT_EQ(ReplaceInvalidUtf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA\uFFFD\uFFFDB");
  EXPECT_EQ(ReplaceInvalidUtf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"),
            "\uFFFD\uFFFD\uFFFD\uFFFDA");
  EXPECT_EQ(ReplaceInvalidUtf8("0123456\xE2\x82\xAC"
                               "89abcdef\xE2\x82"),
            "0123456\u20AC"
            "89abcdef\uFFFD");
}

TEST(Utf8Test, TellsUnfinishedFromWrong) {
  using Kind = Utf8Prefix::Kind;
  EXPECT_EQ(InspectUtf8("\xE2\x82").kind, Kind::kIncomplete);
  EXPECT_EQ(InspectUtf8("\xE2\x82").num_bytes, 2);
  EXPECT_EQ(InspectUtf8("\xF4").kind, Kind::kIncomplete);
  EXPECT_EQ(InspectUtf8("\xF5").kind, Kind::kInvalid);
  EXPECT_EQ(InspectUtf8("\xE0\x80").kind, Kind::kInvalid);
  EXPECT_EQ(InspectUtf8("\xE2\x82x").num_bytes, 2);
  EXPECT_EQ(InspectUtf8("ab").num_bytes, 1);
}

}  // namespace
}  // namespace tessera::tokenizer
