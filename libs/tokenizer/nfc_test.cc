#include "libs/tokenizer/nfc.h"

#include <string>

#include "gtest/gtest.h"

namespace tessera::tokenizer {
namespace {

std::string Nfc(absl::string_view text) {
  std::string composed;
  return ComposeNfc(text, &composed) ? composed : std::string(text);
}

TEST(NfcTest, Composes) {
  EXPECT_EQ(Nfc("cafe\u0301s"), "caf\u00e9s");
  EXPECT_EQ(Nfc("\u212bq"), "\u00c5q");
  EXPECT_EQ(Nfc("q\u0307\u0323"), "q\u0323\u0307");
  EXPECT_EQ(Nfc("\u1100\u1161\u11a8"), "\uac01");
  EXPECT_EQ(Nfc("\uac00\u11a8"), "\uac01");
  EXPECT_EQ(Nfc("\u0958"), "\u0915\u093c");
  EXPECT_EQ(Nfc("x\U0001d15e"), "x\U0001d157\U0001d165");
}

TEST(NfcTest, LeavesAloneWhatIsComposed) {
  std::string composed;
  EXPECT_FALSE(ComposeNfc("", &composed));
  EXPECT_FALSE(ComposeNfc("plain text, caf\u00e9, \u4f60\u597d", &composed));
  EXPECT_EQ(Nfc("\u0301"), "\u0301");
  EXPECT_EQ(Nfc("\uac00\u11a7\u11a8"), "\uac00\u11a7\u11a8");
}

TEST(NfcTest, DoesNotKnowWhatTheJudgeDoesNot) {
  EXPECT_EQ(Nfc("\U00011935\U00011930"), "\U00011935\U00011930");
  EXPECT_EQ(Nfc("q\u0345\u1abf\u0323"), "q\u0345\u1abf\u0323");
  EXPECT_EQ(Nfc("o\U00010eab\u0301"), "o\U00010eab\u0301");
}

TEST(NfcTest, AMegabyteOfMarksIsSortedInNoTime) {
  std::string marks = "a", sorted = "a";
  for (int i = 0; i < 250000; ++i) marks += i % 2 == 0 ? "\u0334" : "\u0321";
  std::string below, overlay;
  for (int i = 0; i < 125000; ++i) overlay += "\u0334", below += "\u0321";
  EXPECT_EQ(Nfc(marks), sorted + overlay + below);
}

}  // namespace
}  // namespace tessera::tokenizer
