#include "tools/cli/generation.h"

#include "gtest/gtest.h"
#include "tools/cli/fake_sequence_model.h"
#include "tools/cli/generation_report.h"

namespace tessera::cli {
namespace {

using tokenizer::Tokenizer;
using tokenizer::TokenType;
using tokenizer::Vocabulary;

constexpr int32_t kEnd = 4;

// a, b, c, the first byte of a two-byte character, <end>, its second byte.
std::unique_ptr<const Tokenizer> MakeTokenizer() {
  Vocabulary vocabulary;
  vocabulary.pre_tokenizer = "gpt-2";
  vocabulary.tokens = {"a", "b", "c", "\xC3\x83", "<end>", "\xC2\xA9"};
  vocabulary.types = {TokenType::kNormal,  TokenType::kNormal,
                      TokenType::kNormal,  TokenType::kNormal,
                      TokenType::kControl, TokenType::kNormal};
  vocabulary.eos = kEnd;
  auto tokenizer = Tokenizer::Create(std::move(vocabulary));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return *std::move(tokenizer);
}

// After `prompt_len` tokens, says the script, and then <end>.
FakeSequenceModel Script(size_t prompt_len, std::vector<int32_t> script,
                         int64_t context_len = 100) {
  return FakeSequenceModel(
      6, context_len, [=](const FakeSequenceModel::Tokens& tokens) {
        std::vector<float> logits(6, 0.0f);
        const size_t index = tokens.size() - prompt_len;
        logits[index < script.size() ? script[index] : kEnd] = 5;
        return logits;
      });
}

class GenerationTest : public testing::Test {
 protected:
  absl::StatusOr<Generation> Run(FakeSequenceModel* model,
                                 std::vector<int32_t> prompt) {
    shown_.clear();
    return Generate(prompt, options_, *tokenizer_, model,
                    [this](absl::string_view text) {
                      shown_.emplace_back(text);
                      return shown_.size() < max_shown_;
                    });
  }

  const std::unique_ptr<const Tokenizer> tokenizer_ = MakeTokenizer();
  GenerationOptions options_;
  std::vector<std::string> shown_;
  size_t max_shown_ = 100;
};

TEST_F(GenerationTest, GoesOnToTheEndToken) {
  FakeSequenceModel model = Script(2, {0, 1, 2});
  const auto result = Run(&model, {0, 0});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->text, "abc");
  EXPECT_EQ(result->tokens, (std::vector<int32_t>{0, 1, 2, kEnd}));
  EXPECT_EQ(result->finish_reason, FinishReason::kStop);
  EXPECT_EQ(shown_, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(result->times.num_prompt, 2);
  EXPECT_EQ(result->times.num_generated, 4);
  EXPECT_EQ(model.num_extended(), 5) << "the end token is not computed";
}

TEST_F(GenerationTest, StopsAtMaxTokens) {
  options_.max_tokens = 2;
  FakeSequenceModel model = Script(1, {0, 1, 2});
  const auto result = Run(&model, {0});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->text, "ab");
  EXPECT_EQ(result->finish_reason, FinishReason::kLength);
}

TEST_F(GenerationTest, StopsWhereTheContextEnds) {
  FakeSequenceModel model = Script(2, {0, 1, 2}, /*context_len=*/4);
  const auto result = Run(&model, {0, 0});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->text, "abc") << "two tokens and one that need not be kept";
  EXPECT_EQ(result->finish_reason, FinishReason::kLength);
}

TEST_F(GenerationTest, IgnoresTheEndTokenIfAsked) {
  options_.ignore_eos = true;
  options_.max_tokens = 4;
  FakeSequenceModel model = Script(1, {0, kEnd, 1});
  const auto result = Run(&model, {0});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->text, "ab") << "a special token leaves no text";
  EXPECT_EQ(result->tokens.size(), 4u);
}

TEST_F(GenerationTest, StopTokensAndMinTokens) {
  options_.sampling.stop_token_ids = {1};
  FakeSequenceModel model = Script(1, {0, 1, 2});
  EXPECT_EQ(Run(&model, {0})->tokens, (std::vector<int32_t>{0, 1}));
  // Until three tokens are there, neither 1 nor <end> can be drawn.
  options_.sampling.min_tokens = 3;
  const auto result = Run(&model, {0});
  EXPECT_EQ(result->tokens[0], 0);
  EXPECT_NE(result->tokens[1], 1);
  EXPECT_EQ(result->tokens[2], 2);
  EXPECT_EQ(result->tokens.back(), kEnd);
}

TEST_F(GenerationTest, StopTextsEndTheAnswerBeforeThem) {
  options_.stop = {"bc"};
  FakeSequenceModel model = Script(1, {0, 1, 2, 0});
  const auto result = Run(&model, {0});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->text, "a");
  EXPECT_EQ(result->finish_reason, FinishReason::kStop);
  EXPECT_EQ(result->tokens.size(), 3u);
}

TEST_F(GenerationTest, EndsWhenTheReaderHasEnough) {
  max_shown_ = 2;
  FakeSequenceModel model = Script(1, {0, 1, 2, 0});
  const auto result = Run(&model, {0});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->text, "ab");
  EXPECT_EQ(result->finish_reason, FinishReason::kAbort);
}

TEST_F(GenerationTest, ShowsWholeCharacters) {
  FakeSequenceModel model = Script(1, {3, 5, 3});
  const auto result = Run(&model, {0});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(shown_, (std::vector<std::string>{"\xC3\xA9", "\xEF\xBF\xBD"}))
      << "and U+FFFD for the half character at the end";
  EXPECT_EQ(result->text, "\xC3\xA9\xEF\xBF\xBD");
}

TEST_F(GenerationTest, KeepsWhatTheModelHoldsAlready) {
  FakeSequenceModel model = Script(3, {0, 1});
  ASSERT_TRUE(model.Extend({0, 1, 2, 0}).ok());
  const auto result = Run(&model, {0, 1, 1});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->text, "ab");
  EXPECT_EQ(result->times.num_cached, 2);
  EXPECT_EQ(model.num_extended(), 4 + 1 + 2);
  // The whole prompt is there: its last token is computed again for its logits.
  EXPECT_EQ(Run(&model, {0, 1, 1})->times.num_cached, 2);
}

TEST_F(GenerationTest, RefusesAPromptThatDoesNotFit) {
  FakeSequenceModel model = Script(0, {}, /*context_len=*/3);
  EXPECT_EQ(Run(&model, {}).status().message(), "the prompt has no tokens");
  EXPECT_EQ(Run(&model, {0, 0, 0}).status().message(),
            "the prompt has 3 tokens; with room for an answer, the context of "
            "3 takes 2");
}

TEST_F(GenerationTest, TheReportNamesWhatTheApiNames) {
  FakeSequenceModel model = Script(1, {0});
  const std::string json =
      GenerationToJson(*Run(&model, {0}), {.resident_bytes = 7});
  EXPECT_EQ(json.substr(0, json.find(",\"timings")),
            "{\"text\":\"a\",\"token_ids\":[0,4],\"finish_reason\":\"stop\","
            "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,"
            "\"total_tokens\":3}");
  EXPECT_NE(json.find("\"memory\":{\"resident_bytes\":7,"), std::string::npos);
}

}  // namespace
}  // namespace tessera::cli
