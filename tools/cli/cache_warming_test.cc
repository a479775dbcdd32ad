#include "tools/cli/cache_warming.h"

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace tessera::cli {
namespace {

using nlohmann::json;

TEST(CacheWarmingTest, ATextIsAPrompt) {
  const auto request = MakeWarmingRequest("Once upon a time");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->target, "/v1/completions");
  EXPECT_EQ(json::parse(request->body),
            json({{"prompt", "Once upon a time"}, {"max_tokens", 1}}));
}

TEST(CacheWarmingTest, AnObjectIsARequestOfOneToken) {
  const auto chat = MakeWarmingRequest(
      R"({"messages": [{"role": "user", "content": "Hi"}], "stream": true,)"
      R"( "max_completion_tokens": 99, "n": 4, "cache_salt": "red"})");
  ASSERT_TRUE(chat.ok());
  EXPECT_EQ(chat->target, "/v1/chat/completions");
  const json body = json::parse(chat->body);
  EXPECT_EQ(body["max_tokens"], 1);
  EXPECT_EQ(body["cache_salt"], "red");
  EXPECT_FALSE(body.contains("stream"));
  EXPECT_FALSE(body.contains("n"));
  EXPECT_EQ(MakeWarmingRequest(R"({"prompt": "x"})")->target,
            "/v1/completions");
}

TEST(CacheWarmingTest, RefusesObjectsThatAreNoRequest) {
  for (const char* line :
       {"{}", "{", R"({"prompt": "a", "messages": []})", R"({"text": "a"})"}) {
    EXPECT_FALSE(MakeWarmingRequest(line).ok()) << line;
  }
}

TEST(CacheWarmingTest, NamesTheFileAndTheServer) {
  EXPECT_EQ(WarmCache("/nonexistent/prompts", {}).message(),
            "cannot read /nonexistent/prompts");
}

}  // namespace
}  // namespace tessera::cli
