#include "tools/serve_benchmark/response_reader.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace tessera::serve_benchmark {
namespace {

// The body, with `text` given in pieces of `step` bytes.
std::string Body(const std::string& text, size_t step, ResponseReader* reader) {
  std::string body;
  for (size_t at = 0; at < text.size(); at += step) {
    const auto part = reader->Add(text.substr(at, step));
    if (!part.ok()) return part.status().ToString();
    body += *part;
  }
  return body;
}

TEST(ResponseReaderTest, TakesChunksOutOfTheirFramesHoweverTheyAreCut) {
  const std::string text =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "6\r\ndata: \r\nA;x=y\r\n{\"a\":\r\n1}\n\r\n0\r\n\r\n";
  for (size_t step = 1; step <= text.size(); ++step) {
    ResponseReader reader;
    EXPECT_EQ(Body(text, step, &reader), "data: {\"a\":\r\n1}\n") << step;
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(reader.status(), 200);
  }
}

TEST(ResponseReaderTest, ABodyOfAGivenLengthEndsThere) {
  ResponseReader reader;
  EXPECT_EQ(
      Body("HTTP/1.1 503 Busy\r\ncontent-length: 3\r\n\r\nab", 5, &reader),
      "ab");
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(Body("c", 1, &reader), "c");
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.status(), 503);
}

TEST(ResponseReaderTest, AnEmptyBodyIsDoneWithItsHeader) {
  ResponseReader reader;
  EXPECT_EQ(Body("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 99, &reader),
            "");
  EXPECT_TRUE(reader.done());
}

TEST(ResponseReaderTest, WithoutALengthTheBodyGoesOn) {
  ResponseReader reader;
  EXPECT_EQ(Body("HTTP/1.0 200 OK\r\n\r\nabc", 4, &reader), "abc");
  EXPECT_FALSE(reader.done());
}

TEST(ResponseReaderTest, RefusesWhatIsNoHttp) {
  for (const char* text :
       {"SSH-2.0-x\r\n\r\n", "HTTP/1.1 ok\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"}) {
    ResponseReader reader;
    EXPECT_TRUE(absl::IsInvalidArgument(reader.Add(text).status())) << text;
  }
}

}  // namespace
}  // namespace tessera::serve_benchmark
