#include "libs/http/response_head.h"

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace tessera::http {
namespace {

// Without the line that changes.
std::string HeadWithoutDate(const Response& response,
                            const AnswerFraming& framing) {
  std::string head = FormatHead(response, framing);
  const size_t date = head.find("Date: ");
  EXPECT_NE(date, std::string::npos);
  return head.erase(date, head.find('\n', date) + 1 - date);
}

TEST(ResponseHeadTest, SaysTypeAndLength) {
  EXPECT_EQ(HeadWithoutDate({.headers = {{"X-Name", "value"}}},
                            {.content_length = 12}),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            "Content-Length: 12\r\nX-Name: value\r\n\r\n");
}

TEST(ResponseHeadTest, SaysChunkedAndClose) {
  EXPECT_EQ(HeadWithoutDate({.status = 503, .content_type = ""},
                            {.is_chunked = true, .close = true}),
            "HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n"
            "Connection: close\r\n\r\n");
}

TEST(ResponseHeadTest, BodilessAnswersHaveNoLength) {
  EXPECT_EQ(HeadWithoutDate({.status = 204}, {.content_length = 0}),
            "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(ResponseHeadTest, AValueCannotEndItsLine) {
  const std::string head = FormatHead(
      {.headers = {{"X-Id", std::string("a\r\nSet-Cookie: b\0\x7f", 18)}}}, {});
  EXPECT_TRUE(absl::StrContains(head, "X-Id: a  Set-Cookie: b  \r\n")) << head;
}

TEST(ResponseHeadTest, ChunksAreHexadecimal) {
  std::string bytes;
  AppendChunk(std::string(171, 'x'), &bytes);
  EXPECT_EQ(bytes, "ab\r\n" + std::string(171, 'x') + "\r\n");
  bytes.clear();
  AppendChunk("y", &bytes);
  EXPECT_EQ(bytes, "1\r\ny\r\n");
}

}  // namespace
}  // namespace tessera::http
