#include "libs/tokenizer/word_splitter.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/tokenizer/random_texts.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

using ::testing::ElementsAre;
using Words = std::vector<std::string>;

Words Split(const WordSplitter& splitter, absl::string_view text) {
  std::vector<uint32_t> ends;
  const absl::Status status = splitter.Split(text, &ends);
  EXPECT_TRUE(status.ok()) << status;
  Words words;
  uint32_t begin = 0;
  for (const uint32_t end : ends) {
    EXPECT_LT(begin, end);
    words.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  EXPECT_EQ(begin, text.size());
  return words;
}

Words Split(const std::vector<SplitStep>& steps, absl::string_view text) {
  const auto splitter = WordSplitter::Create(steps);
  EXPECT_TRUE(splitter.ok()) << splitter.status();
  return Split(*splitter, text);
}

SplitStep Pattern(absl::string_view regex) {
  return {SplitStep::Kind::kPattern, std::string(regex)};
}

// The scanners stand for regular expressions: PCRE2 has to agree.
class ScannerTest : public ::testing::TestWithParam<WordPattern> {};

TEST_P(ScannerTest, CutsAsTheRegularExpressionDoes) {
  const auto splitter = WordSplitter::Create({Pattern(RegexOf(GetParam()))});
  ASSERT_TRUE(splitter.ok());
  const auto regex = RegexSplitter::Create(RegexOf(GetParam()));
  ASSERT_TRUE(regex.ok()) << regex.status();
  constexpr uint64_t kSeed = 20;
  TextRandom random(kSeed);
  for (int i = 0; i < 20000; ++i) {
    const std::string text = ReplaceInvalidUtf8(RandomText(&random));
    std::vector<uint32_t> scanned, matched;
    ASSERT_TRUE(splitter->Split(text, &scanned).ok());
    if (text.empty()) continue;
    ASSERT_TRUE(regex->Split(text, 0, &matched).ok());
    ASSERT_EQ(scanned, matched)
        << "seed " << kSeed << ", text " << i << ": " << absl::CHexEscape(text);
  }
}

INSTANTIATE_TEST_SUITE_P(Patterns, ScannerTest,
                         ::testing::Values(WordPattern::kGpt2,
                                           WordPattern::kLlama3,
                                           WordPattern::kQwen2));

TEST(WordSplitterTest, NumbersAloneAndInRuns) {
  EXPECT_THAT(Split({{SplitStep::Kind::kEachNumber, ""}}, "a12 \u0663b"),
              ElementsAre("a", "1", "2", " ", "\u0663", "b"));
  EXPECT_THAT(Split({{SplitStep::Kind::kNumberRuns, ""}}, "a12 \u06633b"),
              ElementsAre("a", "12", " ", "\u06633", "b"));
}

TEST(WordSplitterTest, MarkersEachAndBeforeWords) {
  EXPECT_THAT(
      Split({{SplitStep::Kind::kBeforeEachMarker, ""}}, "\u2581a\u2581\u2581b"),
      ElementsAre("\u2581a", "\u2581", "\u2581b"));
  EXPECT_THAT(Split({{SplitStep::Kind::kBeforeMarkedWords, ""}},
                    "\u2581a\u2581\u2581b"),
              ElementsAre("\u2581a", "\u2581\u2581b"));
}

TEST(WordSplitterTest, LaterStepsSeeAPieceAsAWholeText) {
  // The space before a number is at the end of its piece: it stays with the
  // spaces before it.
  EXPECT_THAT(Split({{SplitStep::Kind::kEachNumber, ""},
                     Pattern(RegexOf(WordPattern::kGpt2))},
                    "a  1"),
              ElementsAre("a", "  ", "1"));
  EXPECT_THAT(Split({Pattern(RegexOf(WordPattern::kGpt2))}, "a  1"),
              ElementsAre("a", " ", " 1"));
}

TEST(WordSplitterTest, EmptyTextHasNoWords) {
  EXPECT_THAT(Split(std::vector<SplitStep>{}, ""), ElementsAre());
  EXPECT_THAT(Split(std::vector<SplitStep>{}, "a b"), ElementsAre("a b"));
}

}  // namespace
}  // namespace tessera::tokenizer
