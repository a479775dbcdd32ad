#include "libs/tokenizer/tokenizer.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/tokenizer/small_vocabulary.h"

namespace tessera::tokenizer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int32_t kHe = SmallVocabularyIds::kHe;
constexpr int32_t kHell = SmallVocabularyIds::kHell;
constexpr int32_t kSpaceW = SmallVocabularyIds::kSpaceW;
constexpr int32_t kEnd = SmallVocabularyIds::kEnd;
constexpr char kEndText[] = "<|im_end|>";

std::unique_ptr<const Tokenizer> Make(Vocabulary vocabulary) {
  auto tokenizer = Tokenizer::Create(std::move(vocabulary));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return *std::move(tokenizer);
}

std::vector<int32_t> Bytes(absl::string_view text) {
  std::vector<int32_t> ids;
  for (const char c : text) ids.push_back(static_cast<uint8_t>(c));
  return ids;
}

TEST(TokenizerTest, MergesByRankWithinWords) {
  const auto tokenizer = Make(SmallVocabulary());
  EXPECT_THAT(*tokenizer->Encode("hello w"), ElementsAre(kHell, 'o', kSpaceW));
  EXPECT_THAT(*tokenizer->Encode("h el"), ElementsAre('h', ' ', 'e', 'l'));
  EXPECT_THAT(*tokenizer->Encode(""), IsEmpty());
}

TEST(TokenizerTest, ParsesSpecialTokensUnlessAskedNotTo) {
  const auto tokenizer = Make(SmallVocabulary());
  EXPECT_THAT(*tokenizer->Encode("he<|im_end|>"), ElementsAre(kHe, kEnd));
  const auto ids = *tokenizer->Encode(kEndText, {.parse_special = false});
  EXPECT_EQ(ids, Bytes(kEndText));
  EXPECT_EQ(tokenizer->Decode(ids), kEndText);
}

TEST(TokenizerTest, SkipsSpecialTokensUnlessAskedNotTo) {
  const auto tokenizer = Make(SmallVocabulary());
  EXPECT_EQ(tokenizer->Decode({kHe, kEnd}), "he");
  EXPECT_EQ(tokenizer->Decode({kHe, kEnd}, {.skip_special = false}),
            "he<|im_end|>");
  EXPECT_EQ(tokenizer->Decode({-1, 1000000, kHe}), "he");
}

TEST(TokenizerTest, AddsSpecialTokensWhenAsked) {
  Vocabulary vocabulary = SmallVocabulary();
  vocabulary.add_bos = true;
  const auto tokenizer = Make(vocabulary);
  EXPECT_THAT(*tokenizer->Encode("he", {.add_special = true}),
              ElementsAre(kEnd, kHe));
  EXPECT_THAT(*tokenizer->Encode("", {.add_special = true}), ElementsAre(kEnd));
  EXPECT_THAT(*tokenizer->Encode("he"), ElementsAre(kHe));
}

TEST(TokenizerTest, WordsCrossSegmentsAndSpecialTokensDoNot) {
  const auto tokenizer = Make(SmallVocabulary());
  std::vector<int32_t> expected = {kHe};
  for (const int32_t id : Bytes(kEndText)) expected.push_back(id);
  expected.push_back(kEnd);
  EXPECT_EQ(*tokenizer->EncodeSegments(
                {{"h", true}, {"e<|im_end|>", false}, {kEndText, true}}, false),
            expected);
  EXPECT_EQ(
      *tokenizer->EncodeSegments({{"<|im_", true}, {"end|>", false}}, false),
      Bytes(kEndText));
  EXPECT_THAT(*tokenizer->EncodeSegments({}, false), IsEmpty());
  EXPECT_THAT(*tokenizer->EncodeSegments({{"", false}, {"he", true}}, true),
              ElementsAre(kHe));
}

TEST(TokenizerTest, UserTextCannotHideTheTemplatesTokens) {
  Vocabulary vocabulary = SmallVocabulary();
  vocabulary.tokens.push_back("<<|im_end|>");
  vocabulary.types.push_back(TokenType::kControl);
  const auto tokenizer = Make(vocabulary);
  EXPECT_THAT(
      *tokenizer->EncodeSegments({{"<", false}, {kEndText, true}}, false),
      ElementsAre('<', kEnd));
}

TEST(TokenizerTest, ReadsInvalidUtf8AsReplacementCharacters) {
  const auto tokenizer = Make(SmallVocabulary());
  EXPECT_EQ(*tokenizer->Encode("he\xFF\xE2\x96"),
            *tokenizer->Encode("he\uFFFD\uFFFD"));
  // Segments do not complete each other's characters.
  EXPECT_EQ(
      *tokenizer->EncodeSegments({{"\xE2\x82", false}, {"\xAC", false}}, false),
      *tokenizer->Encode("\uFFFD\uFFFD"));
}

TEST(TokenizerTest, SaysWhichTokensEndAnAnswer) {
  const auto tokenizer = Make(SmallVocabulary());
  EXPECT_TRUE(tokenizer->IsEndOfGeneration(kEnd));
  EXPECT_TRUE(tokenizer->IsSpecial(kEnd));
  EXPECT_FALSE(tokenizer->IsEndOfGeneration(kHe));
  EXPECT_FALSE(tokenizer->IsEndOfGeneration(1000000));
  EXPECT_FALSE(tokenizer->IsSpecial(-1));
  Vocabulary vocabulary = SmallVocabulary();
  vocabulary.eos.reset();  // <|im_end|> ends an answer by its name
  EXPECT_TRUE(Make(vocabulary)->IsEndOfGeneration(kEnd));
  vocabulary.eot = kHe;
  EXPECT_TRUE(Make(vocabulary)->IsEndOfGeneration(kHe));
}

TEST(TokenizerTest, FindsTokensByTheirBytes) {
  const auto tokenizer = Make(SmallVocabulary());
  EXPECT_EQ(tokenizer->FindToken(kEndText), kEnd);
  EXPECT_EQ(tokenizer->FindToken(" w"), kSpaceW);
  EXPECT_EQ(tokenizer->FindToken("none"), std::nullopt);
  EXPECT_EQ(tokenizer->TokenBytes(kSpaceW), " w");
  EXPECT_EQ(tokenizer->TokenBytes(kEnd), kEndText);
  EXPECT_EQ(tokenizer->TokenBytes(1000000), "");
}

TEST(TokenizerTest, DropsMissingBytesBeforeMerging) {
  Vocabulary vocabulary = SmallVocabulary();
  vocabulary.tokens['-'] = "unreachable";
  vocabulary.tokens.push_back("##");
  vocabulary.types.push_back(TokenType::kNormal);
  vocabulary.merges.emplace_back("#", "#");
  const auto tokenizer = Make(vocabulary);
  EXPECT_THAT(*tokenizer->Encode("-"), IsEmpty());
  EXPECT_THAT(*tokenizer->Encode("#-#"), ElementsAre(kEnd + 1));
}

TEST(TokenizerTest, MergesNeverMakeASpecialToken) {
  Vocabulary vocabulary = SmallVocabulary();
  vocabulary.types[kHell] = TokenType::kControl;
  EXPECT_THAT(*Make(vocabulary)->Encode("hell", {.parse_special = false}),
              ElementsAre(kHe, SmallVocabularyIds::kLl));
}

TEST(TokenizerTest, NamesTheFieldThatIsWrong) {
  const auto error = [](auto&& change) {
    Vocabulary vocabulary = SmallVocabulary();
    change(vocabulary);
    return std::string(
        Tokenizer::Create(std::move(vocabulary)).status().message());
  };
  using V = Vocabulary;
  EXPECT_THAT(error([](V& v) { v.tokens[257] = "he"; }),
              HasSubstr("tokens[257] \"he\" repeats tokens[256]"));
  EXPECT_THAT(error([](V& v) {
                v.tokens.push_back(kEndText),
                    v.types.push_back(TokenType::kControl);
              }),
              HasSubstr("have the same text"));
  EXPECT_THAT(error([](V& v) { v.tokens[kEnd] = std::string(300, 'x'); }),
              HasSubstr("has 300 bytes"));
  EXPECT_THAT(error([](V& v) { v.merges.emplace_back("x", "y"); }),
              HasSubstr("merges[4] \"x\" + \"y\": needs \"xy\""));
  EXPECT_THAT(error([](V& v) { v.merges.emplace_back("x", " "); }),
              HasSubstr("is not in the byte alphabet"));
  EXPECT_THAT(error([](V& v) { v.bos = 261; }), HasSubstr("bos is 261"));
  EXPECT_THAT(error([](V& v) { v.eos = -1; }), HasSubstr("eos is -1"));
  EXPECT_THAT(error([](V& v) { v.bos.reset(), v.add_bos = true; }),
              HasSubstr("add_bos without a bos"));
  EXPECT_THAT(error([](V& v) { v.types.pop_back(); }),
              HasSubstr("types has 260 entries"));
  EXPECT_THAT(error([](V& v) { v.types[7] = static_cast<TokenType>(9); }),
              HasSubstr("types[7] is 9"));
  EXPECT_THAT(error([](V& v) { v.tokens[9] = "\xFF"; }),
              HasSubstr("tokens[9] is not UTF-8"));
  EXPECT_THAT(error([](V& v) { v.pre_tokenizer = "what"; }),
              HasSubstr("\"what\" is not supported; supported: smollm"));
  EXPECT_THAT(error([](V& v) { v.tokens.clear(); }), HasSubstr("tokens: none"));
  EXPECT_THAT(error([](V& v) { v.kind = V::Kind::kSentencePieceBpe; }),
              HasSubstr("scores has 0 entries"));
  EXPECT_THAT(
      error([](V& v) { v.scores.assign(v.tokens.size(), 0.0f / 0.0f); }),
      HasSubstr("scores[0] is not"));
}

}  // namespace
}  // namespace tessera::tokenizer
