// The ids that Hugging Face's tokenizers gave for the default model's own
// vocabulary, and llama.cpp with them but where goldens.json says otherwise
// (made by generate_goldens.py): through GGUF, and through a round trip of ids.
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/model/load_tokenizer.h"
#include "libs/tokenizer/tokenizer.h"
#include "nlohmann/json.hpp"

namespace tessera {
namespace {

using Ids = std::vector<int32_t>;

class DefaultModelGoldenTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto checkpoint =
        OpenCheckpoint(std::getenv("TESSERA_DEFAULT_MODEL"));
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
    auto tokenizer = model::LoadTokenizer(**checkpoint);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    tokenizer_ = *std::move(tokenizer);
    std::ifstream file("tests/tokenizer/goldens.json");
    goldens_ = nlohmann::json::parse(file);
  }

  Ids Encode(const std::string& text, bool parse_special) const {
    const auto ids = tokenizer_->Encode(text, {.parse_special = parse_special});
    EXPECT_TRUE(ids.ok()) << ids.status();
    return ids.value_or(Ids());
  }

  std::unique_ptr<const tokenizer::Tokenizer> tokenizer_;
  nlohmann::json goldens_;
};

TEST_F(DefaultModelGoldenTest, IdsAreTheJudges) {
  ASSERT_GT(goldens_["cases"].size(), 300);
  for (const nlohmann::json& one : goldens_["cases"]) {
    const std::string text = one["text"];
    const Ids ids = one["ids"];
    EXPECT_EQ(Encode(text, /*parse_special=*/true), ids)
        << absl::CHexEscape(text);
    EXPECT_EQ(Encode(text, /*parse_special=*/false),
              one.contains("literal") ? one["literal"].get<Ids>() : ids)
        << absl::CHexEscape(text);
  }
}

// Eight bytes have no token: Hugging Face's tokenizers drop them before merging
// and llama.cpp after it. Nothing else may ever be listed.
TEST_F(DefaultModelGoldenTest, LlamaCppDiffersOnlyWhereBytesAreMissing) {
  for (const nlohmann::json& one : goldens_["llama_cpp_differs"]) {
    const std::string text = one["text"];
    EXPECT_NE(text.find_first_of("\x04\x06\x13\x14\x16\x1d\xf1\xf2"),
              std::string::npos)
        << absl::CHexEscape(text);
  }
}

// The text itself, but where bytes are missing.
TEST_F(DefaultModelGoldenTest, DecodesAsHuggingFace) {
  for (const nlohmann::json& one : goldens_["cases"]) {
    const std::string text = one["text"];
    EXPECT_EQ(
        tokenizer_->Decode(one["ids"].get<Ids>(), {.skip_special = false}),
        one.value("decoded", text))
        << absl::CHexEscape(text);
  }
}

}  // namespace
}  // namespace tessera
