#include "tools/accuracy/prompts.h"

#include "gtest/gtest.h"

namespace tessera::accuracy {
namespace {

TEST(PromptsTest, TextIsWhatStandsBetweenTheHeadings) {
  const auto prompts = ParsePrompts(
      "For the reader.\n"
      "=== capital chat\n"
      "What is the capital of France?\n"
      "\n"
      "=== loop raw\n"
      "def f():\n"
      "\n"
      "    x = 1 \n");
  ASSERT_TRUE(prompts.ok()) << prompts.status();
  ASSERT_EQ(prompts->size(), 2);
  EXPECT_EQ((*prompts)[0].name, "capital");
  EXPECT_EQ((*prompts)[0].kind, Prompt::Kind::kChat);
  EXPECT_EQ((*prompts)[0].text, "What is the capital of France?");
  EXPECT_EQ((*prompts)[1].name, "loop");
  EXPECT_EQ((*prompts)[1].kind, Prompt::Kind::kRaw);
  EXPECT_EQ((*prompts)[1].text, "def f():\n\n    x = 1 ");
}

TEST(PromptsTest, SaysWhatIsWrongWithAFile) {
  const auto error = [](absl::string_view file) {
    return std::string(ParsePrompts(file).status().message());
  };
  EXPECT_EQ(error("no prompt"), "no line starts a prompt (===)");
  EXPECT_EQ(error("\n=== a\nb"),
            "line 2: a prompt starts with \"=== NAME chat|raw\"");
  EXPECT_EQ(error("=== a talk\nb"),
            "line 1: kind \"talk\" is neither chat nor raw");
  EXPECT_EQ(error("=== a raw\nb\n=== a chat\nc"),
            "line 3: a second prompt \"a\"");
  EXPECT_EQ(error("=== a raw\n\n=== b raw\nc"), "the prompt \"a\" has no text");
}

}  // namespace
}  // namespace tessera::accuracy
