#include "libs/speculation/token_classes.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tessera::speculation {
namespace {

using testing::ElementsAre;

TEST(TokenClassesTest, TheFirstByteTells) {
  const std::vector<std::string> vocabulary = {
      ",", ".\"", "a", " a", "7", " ,", "\n", "\xc3", "", "<s>"};
  const TokenClasses classes(
      vocabulary.size(),
      [&](int32_t token) -> absl::string_view { return vocabulary[token]; });
  std::vector<int32_t> marks, starts;
  for (int32_t token = -2; token < 20; ++token) {
    if (classes.IsMark(token)) marks.push_back(token);
    if (classes.StartsWord(token)) starts.push_back(token);
  }
  EXPECT_THAT(marks, ElementsAre(0, 1, 9));
  EXPECT_THAT(starts, ElementsAre(3, 5, 6));
}

TEST(TokenClassesTest, WithoutAVocabularyNothingIsKnown) {
  EXPECT_FALSE(TokenClasses().IsMark(0));
  EXPECT_FALSE(TokenClasses().StartsWord(0));
}

}  // namespace
}  // namespace tessera::speculation
