// The ids that Hugging Face's tokenizers gave, from testdata/ (made by
// testdata/generate_goldens.py): for hard texts, for random ones, and for every
// code point.
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"
#include "libs/tokenizer/random_texts.h"
#include "libs/tokenizer/tokenizer.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

using Ids = std::vector<int32_t>;

std::string ReadFile(const std::string& name) {
  std::ifstream file(absl::StrCat("libs/tokenizer/testdata/", name),
                     std::ios::binary);
  EXPECT_TRUE(file) << name;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// FNV-1a over the ids' four bytes each, little endian.
constexpr uint64_t kHashStart = 0xCBF29CE484222325u;
uint64_t HashIds(const Ids& ids, uint64_t state) {
  for (const int32_t id : ids) {
    for (int shift = 0; shift < 32; shift += 8) {
      state = (state ^ (id >> shift & 0xFF)) * 0x100000001B3u;
    }
  }
  return state;
}

// As in generate_goldens.py.
bool IsTestedBlock(char32_t start) {
  if (start >= 0xD800 && start < 0xE000) return false;
  return start < 0x40000 || (start >= 0xE0000 && start < 0xE1000) ||
         start % 0x8000 == 0;
}

// A tokenizer of testdata/, as a tokenizer.json or as a GGUF file has it.
struct Source {
  const char* name;
  bool is_gguf = false;
  const char* pre_tokenizer = "";  // GGUF's name; none for SentencePiece
};

// What a GGUF file would say of the tokenizer.json.
Vocabulary VocabularyOf(const nlohmann::json& json,
                        absl::string_view pre_tokenizer) {
  Vocabulary vocabulary;
  const auto set = [&](size_t id, const std::string& token, TokenType type) {
    if (id >= vocabulary.tokens.size()) {
      vocabulary.tokens.resize(id + 1);
      vocabulary.types.resize(id + 1);
    }
    vocabulary.tokens[id] = token;
    vocabulary.types[id] = type;
  };
  const bool is_sentence_piece = pre_tokenizer.empty();
  for (const auto& [token, id] : json["model"]["vocab"].items()) {
    const bool is_byte =
        is_sentence_piece && token.size() == 6 && token.substr(0, 3) == "<0x";
    set(id, token, is_byte ? TokenType::kByte : TokenType::kNormal);
  }
  for (const nlohmann::json& added : json["added_tokens"]) {
    set(added["id"], added["content"],
        added["special"] ? TokenType::kControl : TokenType::kUserDefined);
  }
  if (is_sentence_piece) {
    vocabulary.kind = Vocabulary::Kind::kSentencePieceBpe;
    for (size_t id = 0; id < vocabulary.tokens.size(); ++id)
      vocabulary.scores.push_back(-static_cast<float>(id));
    vocabulary.add_space_prefix = true;
    vocabulary.unknown = 0;
  } else {
    vocabulary.pre_tokenizer = std::string(pre_tokenizer);
    for (const nlohmann::json& merge : json["model"]["merges"])
      vocabulary.merges.emplace_back(merge[0], merge[1]);
  }
  const nlohmann::json& processor = json["post_processor"];
  vocabulary.add_bos = is_sentence_piece || pre_tokenizer == "llama-bpe";
  if (vocabulary.add_bos)
    vocabulary.bos =
        is_sentence_piece ? 1 : json["added_tokens"][0]["id"].get<int32_t>();
  EXPECT_EQ(processor.is_null() || processor["type"] == "ByteLevel",
            !vocabulary.add_bos);
  return vocabulary;
}

class GoldenTest : public ::testing::TestWithParam<Source> {
 protected:
  GoldenTest() {
    const std::string name = GetParam().name;
    const std::string json = ReadFile(name + ".tokenizer.json");
    auto made =
        GetParam().is_gguf
            ? Tokenizer::Create(VocabularyOf(nlohmann::json::parse(json),
                                             GetParam().pre_tokenizer))
            : Tokenizer::FromTokenizerJson(json);
    EXPECT_TRUE(made.ok()) << made.status();
    if (made.ok()) tokenizer_ = *std::move(made);
    goldens_ = nlohmann::json::parse(ReadFile(name + ".goldens.json"));
    texts_ = nlohmann::json::parse(ReadFile("texts.json"));
  }

  Ids Encode(absl::string_view text, const EncodeOptions& options = {}) const {
    const auto ids = tokenizer_->Encode(text, options);
    EXPECT_TRUE(ids.ok()) << ids.status();
    return ids.value_or(Ids());
  }
  std::string Decode(const Ids& ids) const {
    return tokenizer_->Decode(ids, {.skip_special = false});
  }

  std::unique_ptr<const Tokenizer> tokenizer_;
  nlohmann::json goldens_;
  nlohmann::json texts_;
};

TEST_P(GoldenTest, HardTexts) {
  const nlohmann::json& texts = texts_["hard"];
  ASSERT_EQ(texts.size(), goldens_["ids"].size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string text =
        absl::HexStringToBytes(texts[i].get<std::string>());
    const Ids ids = Encode(text);
    EXPECT_EQ(ids, goldens_["ids"][i].get<Ids>()) << absl::CHexEscape(text);
    EXPECT_EQ(Decode(ids), goldens_["decoded"][i].get<std::string>())
        << absl::CHexEscape(text);
  }
}

TEST_P(GoldenTest, SpecialTokensParsedAndLiteral) {
  const nlohmann::json& texts = texts_["special"];
  ASSERT_EQ(texts.size(), goldens_["literal"].size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string text = texts[i].get<std::string>();
    EXPECT_EQ(Encode(text), goldens_["parsed"][i].get<Ids>()) << text;
    EXPECT_EQ(Encode(text, {.parse_special = false}),
              goldens_["literal"][i].get<Ids>())
        << text;
  }
  EXPECT_EQ(Encode("Hello", {.add_special = true}),
            goldens_["with_bos"].get<Ids>());
}

TEST_P(GoldenTest, RandomTexts) {
  TextRandom random(1);
  const nlohmann::json& blocks = goldens_["random"];
  for (size_t block = 0; block < blocks.size(); ++block) {
    uint64_t state = kHashStart;
    for (int i = 0; i < 200; ++i)
      state = HashIds(Encode(RandomText(&random)), state);
    EXPECT_EQ(absl::StrFormat("%016x", state), blocks[block].get<std::string>())
        << "texts " << 200 * block << " to " << 200 * block + 199
        << " of random_texts(seed=1)";
  }
}

TEST_P(GoldenTest, EveryCodePoint) {
  uint64_t state = kHashStart;
  for (char32_t start = 0; start < 0x110000; start += 256) {
    if (!IsTestedBlock(start)) continue;
    std::string text;
    for (char32_t c = start; c < start + 256; ++c) {
      text += "a";
      AppendUtf8(c, &text);
      text += "1 ";
    }
    state = HashIds(Encode(text), state);
  }
  EXPECT_EQ(absl::StrFormat("%016x", state),
            goldens_["every_code_point"].get<std::string>());
}

constexpr Source kTokenizerJson[] = {
    {"smollm"}, {"gpt2"},   {"llama3"},  {"qwen2"},   {"o200k"},
    {"llama2"}, {"across"}, {"mistral"}, {"default"}, {"sentencepiece"},
};
// gpt2 is missing: its <pad> strips spaces, which GGUF cannot say.
constexpr Source kGguf[] = {
    {"smollm", true, "smollm"},  {"llama3", true, "llama-bpe"},
    {"qwen2", true, "qwen2"},    {"default", true, "default"},
    {"sentencepiece", true, ""},
};
std::string NameOf(const ::testing::TestParamInfo<Source>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(TokenizerJson, GoldenTest,
                         ::testing::ValuesIn(kTokenizerJson), NameOf);
INSTANTIATE_TEST_SUITE_P(Gguf, GoldenTest, ::testing::ValuesIn(kGguf), NameOf);

}  // namespace
}  // namespace tessera::tokenizer
