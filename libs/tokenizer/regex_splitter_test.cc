#include "libs/tokenizer/regex_splitter.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/tokenizer/regex_translation.h"

namespace tessera::tokenizer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Split(absl::string_view regex,
                               absl::string_view text) {
  const auto splitter = RegexSplitter::Create(regex);
  EXPECT_TRUE(splitter.ok()) << splitter.status();
  std::vector<uint32_t> ends;
  const absl::Status status = splitter->Split(text, 0, &ends);
  EXPECT_TRUE(status.ok()) << status;
  std::vector<std::string> pieces;
  uint32_t begin = 0;
  for (const uint32_t end : ends) {
    pieces.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  EXPECT_EQ(begin, text.size());
  return pieces;
}

std::string Error(absl::string_view regex) {
  const auto splitter = RegexSplitter::Create(regex);
  return splitter.ok() ? "" : std::string(splitter.status().message());
}

TEST(RegexSplitterTest, IsolatesMatchesAndGaps) {
  EXPECT_THAT(Split("[0-9][0-9][0-9]", "12345678x"),
              ElementsAre("123", "456", "78x"));
  EXPECT_THAT(Split("x", "axxb"), ElementsAre("a", "x", "x", "b"));
  EXPECT_THAT(Split("x", "ab"), ElementsAre("ab"));
}

TEST(RegexSplitterTest, MatchesThatReachFarAreNotCut) {
  const std::string spaces(100000, ' ');
  EXPECT_THAT(Split(R"(\s+(?!\S)|\s+)", spaces + " a"),
              ElementsAre(spaces, " ", "a"));
  EXPECT_THAT(Split("a+b|a", std::string(3000, 'a') + "b"),
              ElementsAre(std::string(3000, 'a') + "b"));
}

TEST(RegexSplitterTest, ClassesAreThoseOfTheJudge) {
  // A letter of Unicode 16, a number of 15; U+180E is no space since 6.3.
  EXPECT_THAT(Split(R"(\p{Lo}+)", "-\U00011380-"),
              ElementsAre("-", "\U00011380", "-"));
  EXPECT_THAT(Split(R"([^\s\p{N}]+)", "-\U00011f50-"),
              ElementsAre("-", "\U00011f50", "-"));
  EXPECT_THAT(Split(R"(\s)", "a\u180ea\u0085"),
              ElementsAre("a\u180ea", "\u0085"));
  EXPECT_THAT(Split(R"([\S]+)", "ab \u3000"), ElementsAre("ab", " \u3000"));
  EXPECT_THAT(Split(R"(\P{L}+)", "a1b"), ElementsAre("a", "1", "b"));
  EXPECT_THAT(Split(R"(\u0041|\x42|\x{43})", "ABC"),
              ElementsAre("A", "B", "C"));
}

TEST(RegexSplitterTest, RefusesWhatItCannotTranslate) {
  EXPECT_THAT(Error(R"(\w+)"), HasSubstr("offset 0: \"\\w\" is not supported"));
  EXPECT_THAT(Error("ab^"), HasSubstr("offset 2: \"^\" here"));
  EXPECT_THAT(Error("(?>a)"), HasSubstr("this kind of group"));
  EXPECT_THAT(Error(R"((a)\1)"), HasSubstr("\"\\1\""));
  EXPECT_THAT(Error(R"(\p{Han})"), HasSubstr("no general category"));
  EXPECT_THAT(Error(R"([\P{L}])"), HasSubstr("\\P in a class"));
  EXPECT_THAT(Error(R"((?i:\p{Lu}))"), HasSubstr("where case is ignored"));
  EXPECT_THAT(Error("[a[b]]"), HasSubstr("a class in a class"));
  EXPECT_THAT(Error("[a&&b]"), HasSubstr("intersection"));
  EXPECT_THAT(Error("a{1,3}+"), HasSubstr("\"+\" after a count"));
  EXPECT_THAT(Error("a{9999999999}"), HasSubstr("the count"));
  EXPECT_THAT(Error("[z-a]"), HasSubstr("range out of order"));
  EXPECT_THAT(Error("\xFF"), HasSubstr("not UTF-8"));
  EXPECT_THAT(Error(std::string(10000, 'a')), HasSubstr("4096 bytes"));
  EXPECT_THAT(Error(std::string(100, '(')), HasSubstr("a deeper group"));
  EXPECT_THAT(Error("("), HasSubstr("a group without its end"));
  EXPECT_THAT(Error("["), HasSubstr("a class without its end"));
  EXPECT_THAT(Error("\\"), HasSubstr("is not supported"));
  EXPECT_THAT(Error("a*"), HasSubstr("matches nothing at all"));
  EXPECT_THAT(Error("a|"), HasSubstr("matches nothing at all"));
}

TEST(RegexSplitterTest, RefusesWhatCouldTakeForever) {
  EXPECT_THAT(Error("(a+)+b"), HasSubstr("a repeated group"));
  EXPECT_THAT(Error("(?:a|aa)*b"), HasSubstr("a repeated group"));
  EXPECT_THAT(Error("a*a*a*b"), HasSubstr("more than two open-ended"));
  EXPECT_THAT(Error("(a*|b)a*(c|a*)d"), HasSubstr("more than two open-ended"));
  EXPECT_EQ(Error("a*a*b|c+c+d|(e+|f+)g"), "");
}

TEST(RegexSplitterTest, GivesUpOnATextThatTakesForever) {
  const std::string text(1000000, 'a');
  for (const char* regex : {"a*b|a", "a*a*b|a", "a+?b|a"}) {
    const auto splitter = RegexSplitter::Create(regex);
    ASSERT_TRUE(splitter.ok()) << splitter.status();
    std::vector<uint32_t> ends;
    const absl::Status status = splitter->Split(text, 0, &ends);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << regex;
    EXPECT_THAT(std::string(status.message()), HasSubstr("regular expression"));
  }
}

}  // namespace
}  // namespace tessera::tokenizer
