#include "libs/http/request_reader.h"

#include <algorithm>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/http/request_reader_outcome.h"

namespace tessera::http {
namespace {

constexpr RequestLimits kLimits{.max_header_bytes = 1000,
                                .max_body_bytes = 100};

// Whole and cut after every byte: both have to agree.
Outcome Read(absl::string_view bytes) {
  const Outcome whole = ReadOne(kLimits, bytes, bytes.size());
  for (size_t step : {1, 2, 3, 7}) {
    const Outcome cut = ReadOne(kLimits, bytes, step);
    EXPECT_EQ(cut.state, whole.state) << bytes;
    EXPECT_EQ(cut.status, whole.status) << bytes;
    EXPECT_EQ(cut.request.headers, whole.request.headers) << bytes;
    EXPECT_EQ(cut.request.body, whole.request.body) << bytes;
    if (whole.state == RequestReader::State::kComplete) {
      EXPECT_EQ(cut.num_read, whole.num_read) << bytes;
    }
  }
  return whole;
}

int RefusalOf(absl::string_view bytes) { return Read(bytes).status; }

// A GET with these lines besides Host.
std::string Get(absl::string_view lines) {
  return absl::StrCat("GET / HTTP/1.1\r\nHost: h\r\n", lines, "\r\n");
}

std::string Post(absl::string_view lines, absl::string_view body) {
  return absl::StrCat("POST / HTTP/1.1\r\nHost: h\r\n", lines, "\r\n", body);
}

TEST(RequestReaderTest, ReadsARequestWithoutABody) {
  const Outcome read = Read(
      "\r\n\r\nGET /a%20b?c=d HTTP/1.1\r\nHost: h\r\nX-Name:  two words \r\n"
      "Empty:\r\n\r\nGET");
  ASSERT_EQ(read.state, RequestReader::State::kComplete);
  EXPECT_EQ(read.num_rest, 3);
  EXPECT_EQ(read.request.method, "GET");
  EXPECT_EQ(read.request.path, "/a b");
  EXPECT_EQ(read.request.query, "c=d");
  EXPECT_EQ(read.request.header("x-name"), "two words");
  EXPECT_EQ(read.request.header("empty"), "");
  EXPECT_EQ(read.request.header("host"), "h");
  EXPECT_TRUE(read.keep_alive);
}

TEST(RequestReaderTest, ReadsABodyOfKnownLength) {
  const Outcome read = Read(Post("Content-Length: 5\r\n", "helloGET"));
  EXPECT_EQ(read.state, RequestReader::State::kComplete);
  EXPECT_EQ(read.request.body, "hello");
  EXPECT_EQ(read.num_rest, 3);
}

TEST(RequestReaderTest, ReadsChunksAndDropsExtensionsAndTrailers) {
  const Outcome read =
      Read(Post("Transfer-Encoding: Chunked\r\n",
                "5\r\nhello\r\n0001;a=b;c=\"d\"\r\n \r\nA\r\n0123456789\r\n"
                "0\r\nX-Name: trailer\r\n\r\nGET"));
  EXPECT_EQ(read.state, RequestReader::State::kComplete);
  EXPECT_EQ(read.request.body, "hello 0123456789");
  EXPECT_EQ(read.request.header("x-name"), "");
  EXPECT_EQ(read.num_rest, 3);
}

TEST(RequestReaderTest, KnowsWhetherTheConnectionStays) {
  EXPECT_FALSE(Read(Get("Connection: close\r\n")).keep_alive);
  EXPECT_FALSE(Read(Get("Connection: x, Close\r\n")).keep_alive);
  EXPECT_FALSE(Read("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(
      Read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(RequestReaderTest, RefusesLengthsThatAreNone) {
  for (absl::string_view length :
       {"-1", "+5", "5 5", "5,5", "5, 5", "5,6", "0x5", "5.0", "", "five",
        "18446744073709551616", "99999999999999999999999", "5;"}) {
    EXPECT_EQ(RefusalOf(Post(absl::StrCat("Content-Length: ", length, "\r\n"),
                             "hello")),
              400)
        << length;
  }
}

TEST(RequestReaderTest, RefusesSmuggling) {
  for (absl::string_view lines :
       {"Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length : 5\r\n", "Transfer-Encoding : chunked\r\n",
        " Content-Length: 5\r\n", "Content-Length: 5\rX: y\r\n",
        "Content-Length: 5\nX: y\r\n", "X: y\r\n Content-Length: 5\r\n"}) {
    EXPECT_EQ(RefusalOf(Post(lines, "0\r\n\r\n")), 400) << lines;
  }
  EXPECT_EQ(RefusalOf("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            400);
  for (absl::string_view coding :
       {"gzip", "gzip, chunked", "chunked, gzip", "identity", "xchunked",
        "chunked;q=1", "\"chunked\""}) {
    EXPECT_EQ(
        RefusalOf(Post(absl::StrCat("Transfer-Encoding: ", coding, "\r\n"),
                       "0\r\n\r\n")),
        501)
        << coding;
  }
}

TEST(RequestReaderTest, RefusesBadChunks) {
  for (absl::string_view chunks :
       {"x\r\n", "-1\r\n", "5\nhello\r\n", "5\r\nhelloX\r\n0\r\n\r\n",
        "5 hello\r\n", "11111111111111111\r\n", "\r\nhello", "5;\x01=a\r\n",
        "\r\n5\r\nhello", "5\r\nhello\n", "5;a\nb\r\n", "5\rhello",
        "0\r\nfolded:\r\n trailer\r\n\r\n", "0\r\nX: a\nb\r\n\r\n"}) {
    EXPECT_EQ(RefusalOf(Post("Transfer-Encoding: chunked\r\n", chunks)), 400)
        << chunks;
  }
  EXPECT_EQ(RefusalOf(Post("Transfer-Encoding: chunked\r\n",
                           absl::StrCat("5;a=", std::string(9000, 'x')))),
            400);
}

TEST(RequestReaderTest, RefusesBodiesOverTheLimit) {
  EXPECT_EQ(RefusalOf(Post("Content-Length: 101\r\n", "")), 413);
  EXPECT_EQ(RefusalOf(Post("Content-Length: 18446744073709551615\r\n", "")),
            413);
  EXPECT_EQ(RefusalOf(Post("Transfer-Encoding: chunked\r\n", "65\r\n")), 413);
  EXPECT_EQ(RefusalOf(Post(
                "Transfer-Encoding: chunked\r\n",
                absl::StrCat("64\r\n", std::string(100, 'x'), "\r\n1\r\n"))),
            413);
  EXPECT_EQ(Read(Post("Content-Length: 100\r\n", std::string(100, 'x'))).state,
            RequestReader::State::kComplete);
}

TEST(RequestReaderTest, RefusesHeadersOverTheLimit) {
  const std::string most = std::string(1000 - Get("X: \r\n").size(), 'x');
  EXPECT_EQ(RefusalOf(Get(absl::StrCat("X: ", most, "\r\n"))), 0);
  EXPECT_EQ(RefusalOf(Get(absl::StrCat("X: ", most, "x\r\n"))), 431);
  EXPECT_EQ(RefusalOf(std::string(1000, 'G')), 0);
  EXPECT_EQ(RefusalOf(std::string(1001, 'G')), 431);
}

TEST(RequestReaderTest, RefusesTooManyHeaders) {
  std::string lines;
  for (int i = 0; i < 300; ++i) lines += "X:\r\n";
  const std::string bytes = Get(lines);
  EXPECT_EQ(ReadOne({.max_header_bytes = 1 << 20, .max_body_bytes = 0}, bytes,
                    bytes.size())
                .status,
            431);
}

TEST(RequestReaderTest, RefusesWhatIsNoHttp) {
  for (absl::string_view bytes :
       {"\x16\x03\x01\x02", "hello\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.2\r\n\r\n",
        "GET / http/1.1\r\n\r\n", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", " GET / HTTP/1.1\r\n\r\n",
        "G=T / HTTP/1.1\n", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: h\r\n\r\n",
        "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    EXPECT_EQ(RefusalOf(bytes), 400) << bytes;
  }
}

TEST(RequestReaderTest, RefusesBadLines) {
  for (absl::string_view lines :
       {"X\r\n", ": y\r\n", "X Y: z\r\n", "X: a\x01\r\n", "X: a\x7f\r\n",
        "X: a\r\n b\r\n", "X: a\r\n\tb\r\n", "Host: again\r\n",
        "X\xc3\xa9: y\r\n", "Connection: ,;\r\n"}) {
    EXPECT_EQ(RefusalOf(Get(lines)), 400) << lines;
  }
  EXPECT_EQ(RefusalOf(Get(absl::string_view("X: a\0b\r\n", 8))), 400);
  EXPECT_EQ(RefusalOf(Get("Expect: something\r\n")), 417);
}

TEST(RequestReaderTest, RequiresHostFromHttp11On) {
  EXPECT_EQ(RefusalOf("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("GET / HTTP/1.0\r\n\r\n"), 0);
}

TEST(RequestReaderTest, AnExpectationIsTakenOnceBeforeTheBody) {
  const std::string header =
      Post("Content-Length: 5\r\nExpect: 100-Continue\r\n", "");
  RequestReader reader(kLimits);
  EXPECT_EQ(reader.Read(header), header.size());
  EXPECT_TRUE(reader.TakeExpectation());
  EXPECT_FALSE(reader.TakeExpectation());

  RequestReader impatient(kLimits);
  impatient.Read(header + "h");
  EXPECT_FALSE(impatient.TakeExpectation());
}

TEST(RequestReaderTest, ManyTinyChunksOfARandomBody) {
  std::mt19937 random(1);
  std::string body, chunks;
  while (body.size() < 90) {
    const std::string piece(1 + random() % 9, 'a' + random() % 26);
    body += piece;
    absl::StrAppend(&chunks, absl::Hex(piece.size()), "\r\n", piece, "\r\n");
  }
  const Outcome read =
      Read(Post("Transfer-Encoding: chunked\r\n", chunks + "0\r\n\r\n"));
  EXPECT_EQ(read.request.body, body);
}

}  // namespace
}  // namespace tessera::http
