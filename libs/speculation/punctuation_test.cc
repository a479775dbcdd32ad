#include "libs/speculation/punctuation.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tessera::speculation {
namespace {

using testing::ElementsAre;

TEST(PunctuationTest, BeginsWithAnAsciiMark) {
  const std::vector<std::string> vocabulary = {
      ",", ".\"", "a", " a", "7", " ,", "\n", "\xc3", "", "<s>"};
  const Punctuation punctuation(
      vocabulary.size(),
      [&](int32_t token) -> absl::string_view { return vocabulary[token]; });
  std::vector<int32_t> marks;
  for (int32_t token = -2; token < 20; ++token) {
    if (punctuation.Has(token)) marks.push_back(token);
  }
  EXPECT_THAT(marks, ElementsAre(0, 1, 9));
}

}  // namespace
}  // namespace tessera::speculation
