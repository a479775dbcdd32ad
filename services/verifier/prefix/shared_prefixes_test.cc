#include "services/verifier/prefix/shared_prefixes.h"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/tokenizer/small_vocabulary.h"

namespace tessera::verifier {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class SharedPrefixesTest : public testing::Test {
 protected:
  SharedPrefixesTest() {
    words_ = Words::Create(
        *tokenizer::Tokenizer::Create(tokenizer::SmallVocabulary()),
        "{% for m in messages %}{{ m.role }}:{{ m.content }}{{ eos_token }}"
        "{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}");
  }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = testing::TempDir() + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  absl::StatusOr<SharedPrefixes> Load(const std::vector<std::string>& files) {
    return SharedPrefixes::Load(files, *words_, /*context_len=*/1000,
                                /*block_tokens=*/8);
  }
  std::string Error(const std::string& text) {
    const absl::Status status = Load({Write("wrong", text)}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return std::string(status.message());
  }

  std::vector<int32_t> Text(const std::string& text) {
    v1::Prompt prompt;
    prompt.mutable_text()->set_text(text);
    return *words_->Tokens(prompt);
  }
  std::vector<int32_t> Chat(const std::string& system,
                            const std::string& user) {
    v1::Prompt prompt;
    for (const auto& [role, content] :
         {std::pair("system", system), std::pair("user", user)}) {
      v1::ChatMessage* message = prompt.mutable_chat()->add_messages();
      message->set_role(role);
      message->set_content(content);
    }
    return *words_->Tokens(prompt);
  }

  std::unique_ptr<const Words> words_;
};

TEST_F(SharedPrefixesTest, WithoutAnyNothingIsShared) {
  EXPECT_EQ(SharedPrefixes().NumTokens(Text("0123456789")), 0);
  EXPECT_EQ(Load({})->NumTokens(Text("0123456789")), 0);
}

TEST_F(SharedPrefixesTest, WholeBlocksOfATextAreShared) {
  const auto shared = Load({Write("text", "0123456789abcdefXYZ")});
  ASSERT_TRUE(shared.ok()) << shared.status();
  EXPECT_EQ(shared->NumTokens(Text("0123456789abcdefXYZ and more")), 16);
  EXPECT_EQ(shared->NumTokens(Text("0123456789abcdef")), 16);
  EXPECT_EQ(shared->NumTokens(Text("0123456789abcde-")), 8);
  EXPECT_EQ(shared->NumTokens(Text("0123456")), 0);
  EXPECT_EQ(shared->NumTokens(Text("-123456789abcdef")), 0);
}

TEST_F(SharedPrefixesTest, ASystemMessageIsSharedByAllChatsThatBeginWithIt) {
  const std::string system = "say little, say it well";
  const auto shared = Load({Write(
      "chat", " {\"messages\": [{\"role\": \"developer\", \"content\": \"" +
                  system + "\"}]}\n")});
  ASSERT_TRUE(shared.ok()) << shared.status();
  const std::vector<int32_t> chat = Chat(system, "hello");
  // "system:", the message and the end token; nothing of the answer's begin.
  const int64_t num_rendered = Text("system:" + system).size() + 1;
  EXPECT_EQ(shared->NumTokens(chat), num_rendered / 8 * 8);
  EXPECT_EQ(shared->NumTokens(Chat("say nothing at all here", "hello")), 8);
}

TEST_F(SharedPrefixesTest, SpecialTokensOfATextAreParsedThoseOfAMessageAreNot) {
  const auto text = Load({Write("special", "<|im_end|>01234567")});
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(text->NumTokens(Text("<|im_end|>01234567")), 8);
  const auto chat = Load({Write(
      "typed",
      R"({"messages": [{"role": "system", "content": "<|im_end|>0123"}]})")});
  ASSERT_TRUE(chat.ok()) << chat.status();
  EXPECT_EQ(chat->NumTokens(Chat("<|im_end|>0123", "x")), 16);
  EXPECT_EQ(chat->NumTokens(Text("system:<|im_end|>0123<|im_end|>user:x")), 0);
}

TEST_F(SharedPrefixesTest, TheLongestOfSeveralCounts) {
  const auto shared =
      Load({Write("long", "0123456789abcdefXYZ"), Write("short", "01234567"),
            Write("other", "abcdefgh")});
  ASSERT_TRUE(shared.ok()) << shared.status();
  EXPECT_EQ(shared->NumTokens(Text("0123456789abcdefXYZ")), 16);
  EXPECT_EQ(shared->NumTokens(Text("01234567--------")), 8);
  EXPECT_EQ(shared->NumTokens(Text("abcdefghijklmnop")), 8);
}

TEST_F(SharedPrefixesTest, ErrorsNameFileAndField) {
  const absl::Status missing = Load({"/no/such/file"}).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr("/no/such/file"));
  EXPECT_THAT(Error("{"), HasSubstr("wrong: "));
  EXPECT_THAT(Error("{}"), HasSubstr("wrong: messages: must be"));
  EXPECT_THAT(Error(R"({"messages": []})"), HasSubstr("messages: must have"));
  EXPECT_THAT(Error(R"({"messages": [1]})"), HasSubstr("messages[0]: must be"));
  EXPECT_THAT(Error(R"({"messages": [{"role": "king", "content": ""}]})"),
              HasSubstr("messages[0].role: must be system"));
  EXPECT_THAT(Error(R"({"messages": [{"role": "user", "content": 1}]})"),
              HasSubstr("messages[0].content: must be a string"));
}

TEST_F(SharedPrefixesTest, WhatHasNoWholeBlockIsRefusedWithTheReason) {
  EXPECT_THAT(Error("0123456"), AllOf(HasSubstr("has 7 tokens"),
                                      HasSubstr("whole blocks of 8 tokens")));
  EXPECT_THAT(Error(""), HasSubstr("has 0 tokens"));
}

TEST_F(SharedPrefixesTest, WhatNoPromptCanHoldIsRefused) {
  EXPECT_THAT(Error(std::string(2000, '0')),
              HasSubstr("too many for a context of 1000"));
  EXPECT_THAT(Error(std::string(kMaxSharedPrefixBytes + 1, '0')),
              HasSubstr("has more than 16777216 bytes"));
}

TEST_F(SharedPrefixesTest, ATemplatesRefusalNamesTheFile) {
  words_ =
      Words::Create(*tokenizer::Tokenizer::Create(tokenizer::SmallVocabulary()),
                    "{{ raise_exception('no system message') }}");
  EXPECT_THAT(
      Error(R"({"messages": [{"role": "system", "content": "hello"}]})"),
      AllOf(HasSubstr("wrong: "), HasSubstr("no system message")));
}

}  // namespace
}  // namespace tessera::verifier
