// A vocabulary as tokenizer.json and back, and the ids from both forms.
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "libs/checkpoint/gguf_header.h"
#include "libs/checkpoint/gguf_reader.h"
#include "libs/checkpoint/test_files.h"
#include "libs/model/convert/tokenizer_to_gguf.h"
#include "libs/model/convert/tokenizer_to_json.h"
#include "libs/model/vocabulary_from_gguf.h"
#include "libs/tokenizer/tokenizer.h"
#include "libs/tokenizer/vocabulary.h"

namespace tessera::model {
namespace {

using tokenizer::Tokenizer;
using tokenizer::TokenType;
using tokenizer::Vocabulary;

Vocabulary ByteLevel(const std::string& pre_tokenizer) {
  Vocabulary vocabulary;
  vocabulary.pre_tokenizer = pre_tokenizer;
  vocabulary.tokens = {"a", "b", "1", "\xC4\xA0", "ab", "<s>", "<tool>", "c"};
  vocabulary.types.resize(8, TokenType::kNormal);
  vocabulary.types[5] = TokenType::kControl;
  vocabulary.types[6] = TokenType::kUserDefined;
  vocabulary.merges = {{"a", "b"}, {"ab", "c"}};
  vocabulary.tokens.push_back("abc");
  vocabulary.types.push_back(TokenType::kNormal);
  vocabulary.bos = 5;
  vocabulary.add_bos = true;
  return vocabulary;
}

Vocabulary SentencePiece() {
  Vocabulary vocabulary;
  vocabulary.kind = Vocabulary::Kind::kSentencePieceBpe;
  vocabulary.pre_tokenizer = "default";
  vocabulary.tokens = {"<unk>", "<s>", "</s>"};
  vocabulary.types = {TokenType::kUnknown, TokenType::kControl,
                      TokenType::kControl};
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof(name), "<0x%02X>", byte);
    vocabulary.tokens.emplace_back(name);
    vocabulary.types.push_back(TokenType::kByte);
  }
  for (const char* piece :
       {"\u2581", "a", "b", "c", "\u2581a", "ab", "\u2581ab", "bc"}) {
    vocabulary.tokens.emplace_back(piece);
    vocabulary.types.push_back(TokenType::kNormal);
  }
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    vocabulary.scores.push_back(
        vocabulary.types[id] == TokenType::kNormal ? -1.5f * id : 0.0f);
  }
  vocabulary.bos = 1;
  vocabulary.eos = 2;
  vocabulary.unknown = 0;
  vocabulary.add_bos = true;
  vocabulary.add_space_prefix = true;
  return vocabulary;
}

ModelDirectory DirectoryOf(const Vocabulary& vocabulary) {
  ModelDirectory directory;
  directory.path = "dir";
  const auto json = TokenizerToJson(vocabulary);
  EXPECT_TRUE(json.ok()) << json.status();
  if (json.ok()) directory.tokenizer_json = json->dump();
  directory.tokenizer_config = TokenizerConfigToJson(vocabulary, "", 64);
  return directory;
}

std::vector<Vocabulary> Examples() {
  std::vector<Vocabulary> examples = {SentencePiece()};
  for (const char* pre : {"smollm", "gpt-2", "llama-bpe", "qwen2", "default"}) {
    examples.push_back(ByteLevel(pre));
  }
  return examples;
}

TEST(TokenizerConversionTest, WhatIsWrittenReadsBack) {
  for (const Vocabulary& vocabulary : Examples()) {
    const int vocab_size = static_cast<int>(vocabulary.tokens.size()) + 2;
    const absl::StatusOr<ConvertedVocabulary> back =
        VocabularyFromDirectory(DirectoryOf(vocabulary), vocab_size);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_TRUE(back->notes.empty());
    const Vocabulary& read = back->vocabulary;
    EXPECT_EQ(read.kind, vocabulary.kind);
    EXPECT_EQ(read.pre_tokenizer, vocabulary.pre_tokenizer);
    EXPECT_EQ(read.merges, vocabulary.merges);
    EXPECT_EQ(read.bos, vocabulary.bos);
    EXPECT_EQ(read.eos, vocabulary.eos);
    EXPECT_EQ(read.unknown, vocabulary.unknown);
    EXPECT_EQ(read.add_bos, vocabulary.add_bos);
    EXPECT_EQ(read.add_eos, vocabulary.add_eos);
    EXPECT_EQ(read.add_space_prefix, vocabulary.add_space_prefix);
    std::vector<std::string> tokens = vocabulary.tokens;
    std::vector<TokenType> types = vocabulary.types;
    while (tokens.size() < vocab_size) {
      tokens.push_back("[PAD" + std::to_string(tokens.size()) + "]");
      types.push_back(TokenType::kUnused);
    }
    EXPECT_EQ(read.tokens, tokens);
    EXPECT_EQ(read.types, types);
  }
}

TEST(TokenizerConversionTest, GivesTheSameIdsInEveryForm) {
  for (const Vocabulary& vocabulary : Examples()) {
    const ModelDirectory directory = DirectoryOf(vocabulary);
    const auto from_json =
        Tokenizer::FromTokenizerJson(*directory.tokenizer_json);
    ASSERT_TRUE(from_json.ok()) << from_json.status();
    const auto original = Tokenizer::Create(vocabulary);
    ASSERT_TRUE(original.ok()) << original.status();
    const auto back = Tokenizer::Create(
        VocabularyFromDirectory(directory, vocabulary.tokens.size())
            ->vocabulary);
    ASSERT_TRUE(back.ok()) << back.status();
    for (const char* text : {"ab a1b 11 abc", "<s>ab<tool>", "", "abc bcab"}) {
      const auto ids = *(*original)->Encode(text, {.add_special = true});
      EXPECT_EQ(*(*from_json)->Encode(text, {.add_special = true}), ids)
          << vocabulary.pre_tokenizer << ": " << text;
      EXPECT_EQ(*(*back)->Encode(text, {.add_special = true}), ids)
          << vocabulary.pre_tokenizer << ": " << text;
    }
  }
}

TEST(TokenizerConversionTest, GgufMetadataReadsBack) {
  for (const Vocabulary& vocabulary : Examples()) {
    GgufHeader header;
    AddVocabulary(vocabulary, header);
    const AlignedBytes bytes(FileBytes(header.Layout()));
    const auto read =
        ReadGgufVocabulary(**GgufFile::Parse(bytes.span(), "small.gguf"));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->kind, vocabulary.kind);
    EXPECT_EQ(read->tokens, vocabulary.tokens);
    EXPECT_EQ(read->types, vocabulary.types);
    EXPECT_EQ(read->scores, vocabulary.scores);
    EXPECT_EQ(read->merges, vocabulary.merges);
    EXPECT_EQ(read->bos, vocabulary.bos);
    EXPECT_EQ(read->add_bos, vocabulary.add_bos);
    EXPECT_EQ(read->add_space_prefix, vocabulary.add_space_prefix);
  }
}

absl::Status Refusal(const nlohmann::json& tokenizer_json, int vocab_size = 9) {
  ModelDirectory directory;
  directory.tokenizer_json = tokenizer_json.dump();
  return VocabularyFromDirectory(directory, vocab_size).status();
}

TEST(TokenizerConversionTest, RefusesWhatGgufCannotSay) {
  const nlohmann::json good = *TokenizerToJson(ByteLevel("gpt-2"));
  EXPECT_TRUE(Refusal(good).ok());
  EXPECT_TRUE(
      absl::StrContains(Refusal(good, 8).message(), "more than vocab_size, 8"));
  nlohmann::json json = good;
  json["normalizer"] = {{"type", "NFC"}};
  EXPECT_TRUE(absl::StrContains(Refusal(json).message(),
                                "none of the kinds that GGUF names"));
  json = good;
  json["model"]["type"] = "Unigram";
  EXPECT_EQ(Refusal(json).code(), absl::StatusCode::kUnimplemented);
  json = good;
  json["model"]["vocab"]["a"] = uint64_t{1} << 40;
  EXPECT_EQ(Refusal(json).code(), absl::StatusCode::kInvalidArgument);
  json = *TokenizerToJson(SentencePiece());
  json["model"]["byte_fallback"] = false;
  EXPECT_EQ(Refusal(json, 300).code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(VocabularyFromDirectory({}, 9).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(TokenizerConversionTest, TellsWhatIsLost) {
  nlohmann::json json = *TokenizerToJson(ByteLevel("gpt-2"));
  json["added_tokens"][0]["lstrip"] = true;
  ModelDirectory directory;
  directory.tokenizer_json = json.dump();
  const auto converted = VocabularyFromDirectory(directory, 9);
  ASSERT_EQ(converted->notes.size(), 1);
  EXPECT_TRUE(absl::StrContains(converted->notes[0], "lstrip"));
}

}  // namespace
}  // namespace tessera::model
