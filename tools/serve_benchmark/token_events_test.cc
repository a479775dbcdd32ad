#include "tools/serve_benchmark/token_events.h"

#include <string>

#include "gtest/gtest.h"

namespace tessera::serve_benchmark {
namespace {

TEST(TokenEventsTest, CountsEventsWithTextHoweverTheBodyIsCut) {
  const std::string body =
      "data: {\"choices\":[{\"index\":0,\"text\":\" a\\\"\"}]}\n\n"
      "data: {\"choices\":[{\"text\": "
      "\"\",\"finish_reason\":\"length\"}]}\r\n\r\n"
      ": comment\n\n"
      "data: {\"choices\":[{\"delta\":{\"content\": \"b\"}}]}\n\n"
      "data: {\"choices\":[{\"delta\":{\"content\":null}}]}\n\n"
      "data: {\"choices\":[],\"usage\":{\"completion_tokens\": 64,\"x\":1}}\n\n"
      "data: [DONE]\n\n";
  for (size_t step = 1; step <= body.size(); ++step) {
    TokenEvents events;
    int count = 0;
    for (size_t at = 0; at < body.size(); at += step) {
      count += events.Add(body.substr(at, step));
    }
    EXPECT_EQ(count, 2) << step;
    EXPECT_TRUE(events.done());
    EXPECT_EQ(events.completion_tokens(), 64);
    EXPECT_EQ(events.error(), "");
  }
}

TEST(TokenEventsTest, ARoleBringsNoToken) {
  TokenEvents events;
  EXPECT_EQ(events.Add("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\","
                       "\"content\":\"\"}}]}\n\n"),
            0);
  EXPECT_FALSE(events.done());
  EXPECT_EQ(events.completion_tokens(), -1);
}

TEST(TokenEventsTest, KeepsTheFirstError) {
  TokenEvents events;
  events.Add("data: {\"error\":{\"message\":\"first\"}}\n\n");
  events.Add("data: {\"error\":{\"message\":\"second\"}}\n\n");
  EXPECT_EQ(events.error(), "{\"error\":{\"message\":\"first\"}}");
}

}  // namespace
}  // namespace tessera::serve_benchmark
