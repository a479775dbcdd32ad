#include "libs/model/vocabulary_from_gguf.h"

#include <vector>

#include "gtest/gtest.h"
#include "libs/checkpoint/test_files.h"

namespace tessera::model {
namespace {

using tokenizer::TokenType;
using tokenizer::Vocabulary;

GgufHeader ByteLevel() {
  GgufHeader header;
  header.AddString("tokenizer.ggml.model", "gpt2");
  header.AddStrings("tokenizer.ggml.tokens", {"a", "b", "ab", "<s>"});
  return header;
}

absl::StatusOr<Vocabulary> Read(const GgufHeader& header) {
  const AlignedBytes bytes(FileBytes(header.Layout()));
  const auto file = GgufFile::Parse(bytes.span(), "m.gguf");
  if (!file.ok()) return file.status();
  return ReadGgufVocabulary(**file);
}

TEST(VocabularyFromGgufTest, ReadsEveryField) {
  GgufHeader header = ByteLevel();
  header.AddString("tokenizer.ggml.pre", "smollm");
  header.AddInt32s("tokenizer.ggml.token_type", {1, 1, 1, 3});
  header.AddStrings("tokenizer.ggml.merges", {"a b"});
  header.AddUint32("tokenizer.ggml.bos_token_id", 3);
  header.AddUint32("tokenizer.ggml.eos_token_id", 2);
  header.AddBool("tokenizer.ggml.add_bos_token", true);
  const auto vocabulary = Read(header);
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.status();
  EXPECT_EQ(vocabulary->kind, Vocabulary::Kind::kByteLevelBpe);
  EXPECT_EQ(vocabulary->pre_tokenizer, "smollm");
  EXPECT_EQ(vocabulary->tokens[2], "ab");
  EXPECT_EQ(vocabulary->types[3], TokenType::kControl);
  ASSERT_EQ(vocabulary->merges.size(), 1u);
  EXPECT_EQ(vocabulary->merges[0].second, "b");
  EXPECT_EQ(vocabulary->bos, 3);
  EXPECT_EQ(vocabulary->eos, 2);
  EXPECT_FALSE(vocabulary->unknown.has_value());
  EXPECT_TRUE(vocabulary->add_bos);
  EXPECT_FALSE(vocabulary->add_space_prefix);
}

TEST(VocabularyFromGgufTest, SentencePieceAddsBosAndASpaceUnlessItSaysNot) {
  GgufHeader header;
  header.AddString("tokenizer.ggml.model", "llama");
  header.AddStrings("tokenizer.ggml.tokens", {"a", "<s>"});
  header.AddFloat32s("tokenizer.ggml.scores", {-1, 0});
  header.AddUint32("tokenizer.ggml.bos_token_id", 1);
  const auto vocabulary = Read(header);
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.status();
  EXPECT_EQ(vocabulary->kind, Vocabulary::Kind::kSentencePieceBpe);
  EXPECT_TRUE(vocabulary->add_bos);
  EXPECT_TRUE(vocabulary->add_space_prefix);
  EXPECT_EQ(vocabulary->scores, (std::vector<float>{-1, 0}));

  header.AddBool("tokenizer.ggml.add_bos_token", false);
  EXPECT_FALSE(Read(header)->add_bos);
}

TEST(VocabularyFromGgufTest, ErrorsNameTheFileAndTheField) {
  GgufHeader header;
  EXPECT_EQ(Read(header).status().code(), absl::StatusCode::kNotFound);
  header.AddString("tokenizer.ggml.model", "bert");
  EXPECT_EQ(Read(header).status().code(), absl::StatusCode::kUnimplemented);

  header = ByteLevel();
  header.AddStrings("tokenizer.ggml.merges", {"ab"});
  EXPECT_EQ(Read(header).status().message(),
            "m.gguf: tokenizer.ggml.merges: entry 0 has no space in it");
  header = ByteLevel();
  header.AddInt32s("tokenizer.ggml.token_type", {7});
  EXPECT_EQ(
      Read(header).status().message(),
      "m.gguf: tokenizer.ggml.token_type: a type of 7: must be from 1 to 6");
  header = ByteLevel();
  header.AddStrings("tokenizer.ggml.merges", {});
  header.AddUint32("tokenizer.ggml.eos_token_id", 0xFFFFFFFF);
  EXPECT_EQ(Read(header).status().message(),
            "m.gguf: tokenizer.ggml.eos_token_id: 4294967295 is no token");
}

}  // namespace
}  // namespace tessera::model
