// Shared prefixes with the default model's tokenizer and chat template.
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/checkpoint/checkpoint.h"
#include "services/verifier/prefix/shared_prefixes.h"
#include "services/verifier/words.h"

namespace tessera::verifier {
namespace {

constexpr int kBlockTokens = 32;
constexpr char kSystem[] =
    "You are the help desk of a library. You know its opening hours, which are "
    "nine to five on workdays and ten to two on Saturdays, and how to borrow, "
    "renew and return a book. You answer in two sentences at most, and you say "
    "so where you do not know; then you name the desk that does.";

class SharedPrefixTest : public testing::Test {
 protected:
  void SetUp() override {
    auto checkpoint = OpenCheckpoint(std::getenv("TESSERA_DEFAULT_MODEL"));
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
    auto words = Words::Load(**checkpoint);
    ASSERT_TRUE(words.ok()) << words.status();
    words_ = *std::move(words);
  }

  SharedPrefixes Load(const std::string& text) {
    const std::string path = testing::TempDir() + "prefix";
    std::ofstream(path, std::ios::binary) << text;
    auto shared = SharedPrefixes::Load({path}, *words_, 8192, kBlockTokens);
    EXPECT_TRUE(shared.ok()) << shared.status();
    return shared.ok() ? *std::move(shared) : SharedPrefixes();
  }

  std::vector<int32_t> Chat(const std::vector<std::string>& turns,
                            bool asks_for_answer) {
    v1::Prompt prompt;
    for (size_t i = 0; i < turns.size(); ++i) {
      v1::ChatMessage* message = prompt.mutable_chat()->add_messages();
      message->set_role(i == 0 ? "system" : i % 2 == 1 ? "user" : "assistant");
      message->set_content(turns[i]);
    }
    prompt.mutable_chat()->set_add_generation_prompt(asks_for_answer);
    return *words_->Tokens(prompt);
  }

  std::unique_ptr<const Words> words_;
};

// The template ends each message with a special token and a new line, so that
// nothing of a system message depends on what follows.
TEST_F(SharedPrefixTest, EveryWholeBlockOfASystemMessageIsInEachOfItsChats) {
  const SharedPrefixes shared =
      Load(std::string(R"({"messages": [{"role": "system", "content": ")") +
           kSystem + "\"}]}");
  const auto num_rendered = static_cast<int64_t>(Chat({kSystem}, false).size());
  ASSERT_GT(num_rendered, 2 * kBlockTokens);
  const int64_t num_whole = num_rendered / kBlockTokens * kBlockTokens;
  for (const std::string question : {"When?", "\n", " a", ""}) {
    EXPECT_EQ(shared.NumTokens(Chat({kSystem, question}, true)), num_whole);
  }
  EXPECT_EQ(shared.NumTokens(Chat({kSystem, "a", "b", "c"}, true)), num_whole);
  EXPECT_EQ(shared.NumTokens(Chat({"Be brief.", "When?"}, true)), 0);
}

TEST_F(SharedPrefixTest, TheSamePromptAsATextIsTheSamePrefix) {
  const SharedPrefixes shared =
      Load(std::string("<|im_start|>system\n") + kSystem + "<|im_end|>\n");
  EXPECT_GE(shared.NumTokens(Chat({kSystem, "When?"}, true)), 2 * kBlockTokens);
}

}  // namespace
}  // namespace tessera::verifier
