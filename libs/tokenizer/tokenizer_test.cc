#include "libs/tokenizer/tokenizer.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/tokenizer/byte_alphabet.h"
#include "libs/tokenizer/stream_decoder.h"

namespace tessera::tokenizer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The 256 bytes, "he", "ll", "hell", " w", then <|end|>.
constexpr int32_t kHe = 256, kLl = 257, kHell = 258, kSpaceW = 259, kEnd = 260;

Vocabulary SmallVocabulary() {
  Vocabulary vocabulary;
  vocabulary.pre_tokenizer = "gpt-2";
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary.tokens.push_back(
        ToByteAlphabet(std::string(1, static_cast<char>(byte))));
  }
  for (const char* token : {"he", "ll", "hell", "\u0120w", "<|end|>"}) {
    vocabulary.tokens.push_back(token);
  }
  vocabulary.types.assign(vocabulary.tokens.size(), TokenType::kNormal);
  vocabulary.types[kEnd] = TokenType::kControl;
  vocabulary.merges = {{"h", "e"}, {"l", "l"}, {"he", "ll"}, {"\u0120", "w"}};
  vocabulary.bos = kEnd;
  vocabulary.eos = kEnd;
  return vocabulary;
}

std::unique_ptr<const Tokenizer> SmallTokenizer() {
  auto tokenizer = Tokenizer::Create(SmallVocabulary());
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return *std::move(tokenizer);
}

TEST(TokenizerTest, MergesByRankWithinWords) {
  const auto tokenizer = SmallTokenizer();
  EXPECT_THAT(*tokenizer->Encode("hello w"), ElementsAre(kHell, 'o', kSpaceW));
  EXPECT_THAT(*tokenizer->Encode("h el"), ElementsAre('h', ' ', 'e', 'l'));
  EXPECT_THAT(*tokenizer->Encode(""), IsEmpty());
}

TEST(TokenizerTest, ParsesSpecialTokensWhenAsked) {
  const auto tokenizer = SmallTokenizer();
  EXPECT_THAT(*tokenizer->Encode("he<|end|>"), ElementsAre(kHe, kEnd));
  const auto text = *tokenizer->Encode("he<|end|>", {.parse_special = false});
  EXPECT_THAT(text, ElementsAre(kHe, '<', '|', 'e', 'n', 'd', '|', '>'));
  EXPECT_EQ(tokenizer->Decode(text), "he<|end|>");
}

TEST(TokenizerTest, SegmentsShareWordsButNoSpecialToken) {
  const auto tokenizer = SmallTokenizer();
  EXPECT_THAT(*tokenizer->EncodeSegments(
                  {{"h", true}, {"e<|end|>", false}, {"<|end|>", true}}, false),
              ElementsAre(kHe, '<', '|', 'e', 'n', 'd', '|', '>', kEnd));
  EXPECT_THAT(
      *tokenizer->EncodeSegments({{"<|en", true}, {"d|>", false}}, false),
      ElementsAre('<', '|', 'e', 'n', 'd', '|', '>'));
}

TEST(TokenizerTest, ReadsInvalidUtf8AsReplacementCharacters) {
  const auto tokenizer = SmallTokenizer();
  EXPECT_EQ(*tokenizer->Encode("he\xFF\xE2\x96"),
            *tokenizer->Encode("he\uFFFD\uFFFD"));
}

TEST(TokenizerTest, SaysWhichTokensEndAnAnswer) {
  const auto tokenizer = SmallTokenizer();
  EXPECT_TRUE(tokenizer->IsEndOfGeneration(kEnd));
  EXPECT_TRUE(tokenizer->IsSpecial(kEnd));
  EXPECT_FALSE(tokenizer->IsEndOfGeneration(kHe));
  EXPECT_FALSE(tokenizer->IsEndOfGeneration(1000000));
  EXPECT_EQ(tokenizer->FindToken("<|end|>"), kEnd);
  EXPECT_EQ(tokenizer->FindToken(" w"), kSpaceW);
  EXPECT_EQ(tokenizer->FindToken("none"), std::nullopt);
  EXPECT_EQ(tokenizer->TokenBytes(kSpaceW), " w");
  EXPECT_EQ(tokenizer->TokenBytes(1000000), "");
}

TEST(TokenizerTest, DropsBytesThatTheVocabularyLacks) {
  Vocabulary vocabulary = SmallVocabulary();
  vocabulary.tokens[0x04] = "unreachable";
  const auto tokenizer = *Tokenizer::Create(std::move(vocabulary));
  // Dropped before merging, so its neighbours meet.
  EXPECT_THAT(*tokenizer->Encode("\x04\x04"), IsEmpty());
  EXPECT_THAT(*tokenizer->Encode("!\x04!"), ElementsAre('!', '!'));
}

TEST(TokenizerTest, NamesTheFieldThatIsWrong) {
  const auto error = [](auto&& change) {
    Vocabulary vocabulary = SmallVocabulary();
    change(vocabulary);
    return std::string(
        Tokenizer::Create(std::move(vocabulary)).status().message());
  };
  EXPECT_THAT(error([](Vocabulary& v) { v.tokens[kLl] = "he"; }),
              HasSubstr("tokens[257] \"he\" repeats tokens[256]"));
  EXPECT_THAT(error([](Vocabulary& v) { v.merges.emplace_back("x", "y"); }),
              HasSubstr("merges[4] \"x\" + \"y\""));
  EXPECT_THAT(error([](Vocabulary& v) { v.bos = 261; }),
              HasSubstr("bos is 261"));
  EXPECT_THAT(error([](Vocabulary& v) { v.eos = -1; }), HasSubstr("eos is -1"));
  EXPECT_THAT(error([](Vocabulary& v) { v.types.pop_back(); }),
              HasSubstr("types has 260 entries"));
  EXPECT_THAT(
      error([](Vocabulary& v) { v.types[7] = static_cast<TokenType>(9); }),
      HasSubstr("types[7] is 9"));
  EXPECT_THAT(error([](Vocabulary& v) { v.tokens[9] = "\xFF"; }),
              HasSubstr("tokens[9] is not UTF-8"));
  EXPECT_THAT(error([](Vocabulary& v) { v.pre_tokenizer = "what"; }),
              HasSubstr("\"what\" is not supported; supported: smollm"));
  EXPECT_THAT(error([](Vocabulary& v) { v.tokens.clear(); }),
              HasSubstr("tokens: none"));
}

TEST(StreamDecoderTest, NeverEmitsHalfACharacter) {
  const auto tokenizer = SmallTokenizer();
  StreamDecoder decoder(tokenizer.get());
  EXPECT_EQ(decoder.Push(0xE2), "");
  EXPECT_EQ(decoder.Push(0x82), "");
  EXPECT_EQ(decoder.Push(0xAC), "\u20AC");
  EXPECT_EQ(decoder.Push(kEnd), "");
  EXPECT_EQ(decoder.Push(0xF0), "");
  EXPECT_EQ(decoder.Push(kHe), "\uFFFDhe");
  EXPECT_EQ(decoder.Push(0xF0), "");
  EXPECT_EQ(decoder.Flush(), "\uFFFD");
}

}  // namespace
}  // namespace tessera::tokenizer
