#include "tools/cli/conversation.h"

#include "gtest/gtest.h"

namespace tessera::cli {
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

TEST(ConversationTest, RendersMessagesAndAsksForTheNext) {
  const auto tokenizer = MakeTokenizer();
  auto conversation = Conversation::Create(kTemplate, tokenizer.get());
  ASSERT_TRUE(conversation.ok()) << conversation.status();
  conversation->Add("user", "ab");
  const auto prompt = conversation->Prompt();
  ASSERT_TRUE(prompt.ok()) << prompt.status();
  EXPECT_EQ(*prompt, (std::vector<int32_t>{3, 0, 2, 0, 1, 4, 3, 1, 2}));
}

TEST(ConversationTest, AMessageCannotSpeakInSpecialTokens) {
  const auto tokenizer = MakeTokenizer();
  auto conversation = Conversation::Create(kTemplate, tokenizer.get());
  ASSERT_TRUE(conversation.ok()) << conversation.status();
  conversation->Add("user", "<s>");
  EXPECT_EQ(*conversation->Prompt(),
            (std::vector<int32_t>{3, 0, 2, 5, 6, 7, 4, 3, 1, 2}));
}

TEST(ConversationTest, TurnsAreAddedAndTakenBack) {
  const auto tokenizer = MakeTokenizer();
  auto conversation = Conversation::Create(kTemplate, tokenizer.get());
  ASSERT_TRUE(conversation.ok()) << conversation.status();
  conversation->Add("user", "a");
  const std::vector<int32_t> first = *conversation->Prompt();
  conversation->Add("assistant", "b");
  conversation->Add("user", "a");
  const std::vector<int32_t> longer = *conversation->Prompt();
  EXPECT_GT(longer.size(), first.size());
  conversation->Resize(1);
  EXPECT_EQ(*conversation->Prompt(), first);
}

TEST(ConversationTest, WithoutATemplateThereIsNoChat) {
  const auto tokenizer = MakeTokenizer();
  EXPECT_EQ(Conversation::Create("", tokenizer.get()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Conversation::Create("{% if %}", tokenizer.get()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera::cli
