#include "libs/speculation/token_classes.h"

#include "gtest/gtest.h"

namespace tessera::speculation {
namespace {

TEST(TokenClassesTest, TheFirstCharacterTells) {
  const auto class_of = [](absl::string_view bytes) {
    return TokenClasses(1, [&](int32_t) { return bytes; }).Of(0);
  };
  for (const absl::string_view word :
       {" a", " ,", "\n", "\t", "中", "ไ", "😀"}) {
    EXPECT_EQ(class_of(word), TokenClass::kWord) << word;
  }
  for (const absl::string_view mark : {",", ".\"", "<s>", "…", "“a", "。"}) {
    EXPECT_EQ(class_of(mark), TokenClass::kMark) << mark;
  }
  for (const absl::string_view rest : {"a", "7", "é", "ж", "\xbf", ""}) {
    EXPECT_EQ(class_of(rest), TokenClass::kRest) << rest;
  }
}

TEST(TokenClassesTest, WhatIsUnknownIsAWord) {
  const TokenClasses classes(2, [](int32_t) { return ","; });
  EXPECT_TRUE(classes.IsMark(1));
  EXPECT_TRUE(classes.IsWord(2));
  EXPECT_TRUE(classes.IsWord(-1));
  EXPECT_TRUE(TokenClasses().IsWord(0));
}

}  // namespace
}  // namespace tessera::speculation
