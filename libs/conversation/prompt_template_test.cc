#include "libs/conversation/prompt_template.h"

#include "gtest/gtest.h"

namespace tessera::conversation {
namespace {

using tokenizer::Tokenizer;
using tokenizer::TokenType;

// a, b, ":", <s>, </s>, and the characters of "<s>".
std::unique_ptr<const Tokenizer> MakeTokenizer() {
  tokenizer::Vocabulary vocabulary;
  vocabulary.pre_tokenizer = "gpt-2";
  vocabulary.tokens = {"a", "b", ":", "<s>", "</s>", "<", "s", ">"};
  vocabulary.types.resize(8, TokenType::kNormal);
  vocabulary.types[3] = vocabulary.types[4] = TokenType::kControl;
  vocabulary.bos = 3;
  vocabulary.eos = 4;
  auto tokenizer = Tokenizer::Create(std::move(vocabulary));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return *std::move(tokenizer);
}

constexpr char kTemplate[] =
    "{% for m in messages %}{{ bos_token }}{{ m.role[0] if m.role == 'b' else "
    "'a' }}:{{ m.content }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}<s>b:{% endif %}";

TEST(PromptTemplateTest, RendersMessagesAndAsksForTheNext) {
  const auto tokenizer = MakeTokenizer();
  const auto prompt = PromptTemplate::Create(kTemplate, tokenizer.get());
  ASSERT_TRUE(prompt.ok()) << prompt.status();
  const std::vector<Message> messages = {{"user", "ab"}};
  const auto asking = prompt->Tokens(messages, /*add_generation_prompt=*/true);
  ASSERT_TRUE(asking.ok()) << asking.status();
  EXPECT_EQ(*asking, (std::vector<int32_t>{3, 0, 2, 0, 1, 4, 3, 1, 2}));
  EXPECT_EQ(*prompt->Tokens(messages, /*add_generation_prompt=*/false),
            (std::vector<int32_t>{3, 0, 2, 0, 1, 4}));
}

TEST(PromptTemplateTest, AMessageCannotSpeakInSpecialTokens) {
  const auto tokenizer = MakeTokenizer();
  const auto prompt = PromptTemplate::Create(kTemplate, tokenizer.get());
  ASSERT_TRUE(prompt.ok()) << prompt.status();
  EXPECT_EQ(*prompt->Tokens({Message{"user", "<s>"}}, true),
            (std::vector<int32_t>{3, 0, 2, 5, 6, 7, 4, 3, 1, 2}));
}

TEST(PromptTemplateTest, WithoutATemplateThereIsNoChat) {
  const auto tokenizer = MakeTokenizer();
  EXPECT_EQ(PromptTemplate::Create("", tokenizer.get()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(PromptTemplate::Create("{% if %}", tokenizer.get()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera::conversation
