#include "libs/json/json_text.h"

#include <cmath>
#include <random>

#include "gtest/gtest.h"
#include "libs/json/json.h"

namespace tessera {
namespace {

std::string Text(absl::string_view text) {
  std::string json;
  AppendJsonString(text, &json);
  return json;
}

TEST(JsonTextTest, EscapesWhatJsonMustEscape) {
  EXPECT_EQ(Text("a\"b\\c\n\r\t\x01\x1f\x7f"),
            R"("a\"b\\c\n\r\t\u0001\u001f\u007f")");
  EXPECT_EQ(Text(absl::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(Text("é 日本語 🦕"), "\"é 日本語 🦕\"");
}

TEST(JsonTextTest, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(Text("a\xff z"), "\"a\xef\xbf\xbd z\"");
  // One replacement a maximal part.
  EXPECT_EQ(Text("\xf0\x9f\xa6"), "\"\xef\xbf\xbd\"");
  EXPECT_EQ(Text("\xf0\x9f!"), "\"\xef\xbf\xbd!\"");
  // A surrogate's bytes, an overlong slash.
  EXPECT_EQ(Text("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(Text("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(JsonTextTest, AnyBytesBecomeAStringThatParses) {
  std::mt19937 random(17);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 24, 0);
    for (char& byte : bytes) byte = static_cast<char>(random());
    const auto json = ParseJson(Text(bytes));
    ASSERT_TRUE(json.ok()) << json.status();
  }
}

TEST(JsonTextTest, NumbersReadBackAsTheyWere) {
  for (const float value : {-1.2345678f, 0.0f, -1e-20f, 3.4e38f}) {
    std::string json;
    AppendJsonNumber(value, &json);
    EXPECT_EQ(ParseJson(json)->get<float>(), value) << json;
  }
  std::string json;
  AppendJsonNumber(-INFINITY, &json);
  EXPECT_EQ(json, "null");
}

}  // namespace
}  // namespace tessera
