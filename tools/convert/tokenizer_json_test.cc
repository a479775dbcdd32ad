#include "tools/convert/tokenizer_json.h"

#include "gtest/gtest.h"
#include "libs/tokenizer/tokenizer.h"
#include "tools/convert/pre_tokenizer_json.h"

namespace tessera::convert {
namespace {

using tokenizer::Tokenizer;
using tokenizer::TokenType;
using tokenizer::Vocabulary;

Vocabulary Example(const std::string& pre_tokenizer) {
  Vocabulary vocabulary;
  vocabulary.pre_tokenizer = pre_tokenizer;
  vocabulary.tokens = {"a", "b", "1", "\xC4\xA0", "ab", "<s>", "<tool>"};
  vocabulary.types = {TokenType::kNormal,     TokenType::kNormal,
                      TokenType::kNormal,     TokenType::kNormal,
                      TokenType::kNormal,     TokenType::kControl,
                      TokenType::kUserDefined};
  vocabulary.merges = {{"a", "b"}};
  vocabulary.bos = 5;
  vocabulary.add_bos = true;
  return vocabulary;
}

TEST(TokenizerJsonTest, WhatIsWrittenReadsBack) {
  for (const char* pre : {"smollm", "gpt-2", "llama-bpe", "qwen2", "default"}) {
    const Vocabulary vocabulary = Example(pre);
    const auto json = ToTokenizerJson(vocabulary);
    ASSERT_TRUE(json.ok()) << json.status();
    const auto read = FromTokenizerJson(
        json->dump(), ToTokenizerConfig(vocabulary, "template"));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->pre_tokenizer, pre);
    EXPECT_EQ(read->tokens, vocabulary.tokens);
    EXPECT_EQ(read->types, vocabulary.types);
    EXPECT_EQ(read->merges, vocabulary.merges);
    EXPECT_EQ(read->bos, 5);
    EXPECT_FALSE(read->eos.has_value());
    EXPECT_TRUE(read->add_bos);
  }
}

// The library that reads tokenizer.json for itself has the last word.
TEST(TokenizerJsonTest, TheSameIdsFromBothForms) {
  for (const char* pre : {"smollm", "gpt-2", "llama-bpe", "qwen2"}) {
    const Vocabulary vocabulary = Example(pre);
    const auto from_json =
        Tokenizer::FromTokenizerJson(ToTokenizerJson(vocabulary)->dump());
    ASSERT_TRUE(from_json.ok()) << from_json.status();
    const auto from_vocabulary = Tokenizer::Create(vocabulary);
    ASSERT_TRUE(from_vocabulary.ok()) << from_vocabulary.status();
    for (const char* text : {"ab a1b 11 ab", "<s>ab<tool>", ""}) {
      EXPECT_EQ(*(*from_json)->Encode(text, {.add_special = true}),
                *(*from_vocabulary)->Encode(text, {.add_special = true}))
          << pre << ": " << text;
    }
  }
}

TEST(TokenizerJsonTest, MergesComeInBothSpellings) {
  auto json = *ToTokenizerJson(Example("gpt-2"));
  json["model"]["merges"] = nlohmann::json::parse(R"([["a", "b"]])");
  EXPECT_EQ(FromTokenizerJson(json.dump(), nullptr)->merges,
            Example("gpt-2").merges);
}

TEST(TokenizerJsonTest, RefusesWhatGgufCannotSay) {
  const auto code = [](const nlohmann::json& json) {
    return FromTokenizerJson(json.dump(), nullptr).status().code();
  };
  auto json = *ToTokenizerJson(Example("gpt-2"));
  json["pre_tokenizer"] = {{"type", "Whitespace"}};
  EXPECT_EQ(code(json), absl::StatusCode::kUnimplemented);
  json = *ToTokenizerJson(Example("gpt-2"));
  json["model"]["type"] = "Unigram";
  EXPECT_EQ(code(json), absl::StatusCode::kUnimplemented);
  json = *ToTokenizerJson(Example("gpt-2"));
  json["model"]["vocab"]["a"] = uint64_t{1} << 40;
  EXPECT_EQ(code(json), absl::StatusCode::kInvalidArgument);
  json["model"]["vocab"] = 3;
  EXPECT_EQ(code(json), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FromTokenizerJson("{", nullptr).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(nlohmann::json::array()), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera::convert
