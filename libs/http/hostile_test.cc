// Peers that send what they should not, or too much, or too slowly.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ctime>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/http/server.h"
#include "libs/http/test_client.h"
#include "libs/http/test_server.h"

namespace tessera::http {
namespace {

constexpr absl::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

std::string Post(absl::string_view lines, absl::string_view body = "") {
  return absl::StrCat("POST /echo HTTP/1.1\r\nHost: h\r\n", lines, "\r\n",
                      body);
}

// The only answer to `bytes`, after which the connection is closed.
TestResponse OnlyAnswer(int port, absl::string_view bytes) {
  TestClient client(port);
  client.Send(bytes);
  const TestResponse response = client.Receive();
  EXPECT_TRUE(response.HasLine("Connection: close")) << response.head;
  EXPECT_TRUE(client.IsClosed());
  return response;
}

TEST(HostileTest, MalformedRequestsAreAnswered400AndClosed) {
  TestServer server;
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x00\xa5"), std::string("hello\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 35),
        std::string("GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n"),
        Post("Content-Length: -1\r\n"),
        Post("Content-Length: 18446744073709551616\r\n"),
        Post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
        Post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
             "0\r\n\r\n"),
        Post("Transfer-Encoding: chunked\r\n", "zz\r\n")}) {
    EXPECT_EQ(OnlyAnswer(server.port(), bytes + std::string(kGet)).status, 400)
        << bytes;
  }
  EXPECT_EQ(server.num_requests(), 0);
}

TEST(HostileTest, ASmuggledRequestIsNeverServed) {
  TestServer server;
  TestClient client(server.port());
  client.Send(Post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                   absl::StrCat("0\r\n\r\n", kGet)));
  EXPECT_EQ(client.Receive().status, 400);
  EXPECT_EQ(client.ReceiveAll(), "");
  EXPECT_EQ(server.num_requests(), 0);
}

TEST(HostileTest, MegabyteHeadersAreAnswered431) {
  TestServer server;
  const std::string header = absl::StrCat(
      "GET / HTTP/1.1\r\nHost: h\r\nX: ", std::string(4 << 20, 'x'),
      "\r\n\r\n");
  EXPECT_EQ(OnlyAnswer(server.port(), header).status, 431);
  EXPECT_EQ(OnlyAnswer(server.port(), std::string(4 << 20, 'G')).status, 431);
}

TEST(HostileTest, ALengthOverTheLimitIsAnswered413BeforeTheBody) {
  TestServer server({.max_body_bytes = 1000});
  EXPECT_EQ(OnlyAnswer(server.port(), Post("Content-Length: 1001\r\n")).status,
            413);
  EXPECT_EQ(OnlyAnswer(server.port(), Post("Content-Length: 1001\r\n"
                                           "Expect: 100-continue\r\n"))
                .status,
            413);
}

TEST(HostileTest, APeerThatSendsALongBodyAnywayGetsToSeeTheAnswer) {
  TestServer server({.max_body_bytes = 1000});
  const std::string body(8 << 20, 'x');
  for (const std::string& request : {Post("Content-Length: 8388608\r\n", body),
                                     Post("Transfer-Encoding: chunked\r\n",
                                          absl::StrCat("800000\r\n", body))}) {
    TestClient client(server.port());
    // Closed at once, the connection would be reset by what comes after, and a
    // client that is still sending never reads.
    EXPECT_TRUE(client.Send(request));
    EXPECT_EQ(client.Receive().status, 413);
    EXPECT_TRUE(client.IsClosed());
  }
}

TEST(HostileTest, APeerThatNeverStopsSendingIsCutOff) {
  TestServer server(
      {.max_body_bytes = 1000, .linger_timeout = absl::Milliseconds(100)});
  TestClient client(server.port());
  client.Send(Post("Content-Length: 1001\r\n"));
  EXPECT_EQ(client.Receive().status, 413);
  // Its side stays open.
  EXPECT_TRUE(
      Eventually([&] { return server.server().num_connections() == 0; }));
}

TEST(HostileTest, ErrorsBearTheGivenBody) {
  TestServer server({.error_body = [](int status, absl::string_view message) {
    return std::pair(absl::StrCat("{\"code\":", status, "}"),
                     std::string("application/json"));
  }});
  const TestResponse response = OnlyAnswer(server.port(), "hello\r\n\r\n");
  EXPECT_EQ(response.body, "{\"code\":400}");
  EXPECT_TRUE(response.HasLine("Content-Type: application/json"));
}

TEST(HostileTest, ASlowHeaderIsAnswered408) {
  TestServer server({.header_timeout = absl::Milliseconds(100)});
  TestClient client(server.port());
  client.Send("GET / HT");
  EXPECT_EQ(client.Receive().status, 408);
  EXPECT_TRUE(client.IsClosed());
}

TEST(HostileTest, AHeaderThatTricklesIsAnswered408) {
  TestServer server({.header_timeout = absl::Milliseconds(200)});
  TestClient client(server.port());
  client.Send("GET / HTTP/1.1\r\n");
  // Each byte is in time, the whole is not.
  for (int i = 0; i < 100; ++i) {
    client.Send("X");
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_EQ(client.Receive().status, 408);
}

TEST(HostileTest, ASlowBodyIsAnswered408) {
  TestServer server({.body_timeout = absl::Milliseconds(100)});
  TestClient client(server.port());
  client.Send(Post("Content-Length: 10\r\n", "abc"));
  EXPECT_EQ(client.Receive().status, 408);
  EXPECT_TRUE(client.IsClosed());
  EXPECT_EQ(server.num_requests(), 0);
}

TEST(HostileTest, AnIdleConnectionIsClosedWithoutAWord) {
  TestServer server({.idle_timeout = absl::Milliseconds(100)});
  TestClient fresh(server.port());
  fresh.Send("\r\n");  // begins no request
  TestClient used(server.port());
  used.Send(kGet);
  EXPECT_EQ(used.Receive().status, 200);
  EXPECT_TRUE(fresh.IsClosed());
  EXPECT_TRUE(used.IsClosed());
}

TEST(HostileTest, AnAnswerMayTakeLongerThanAnyTimeout) {
  TestServer server({.header_timeout = absl::Milliseconds(20),
                     .body_timeout = absl::Milliseconds(20),
                     .idle_timeout = absl::Milliseconds(20),
                     .send_timeout = absl::Milliseconds(20)});
  TestClient client(server.port());
  client.Send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto exchange = server.TakeHeld();
  absl::SleepFor(absl::Milliseconds(200));
  exchange->Send({.body = "late"});
  EXPECT_EQ(client.Receive().body, "late");
}

TEST(HostileTest, ConnectionsOverTheLimitAreAnswered503) {
  TestServer server({.max_connections = 2});
  TestClient first(server.port());
  auto second = std::make_unique<TestClient>(server.port());
  first.Send(kGet);
  EXPECT_EQ(first.Receive().status, 200);
  second->Send(kGet);
  EXPECT_EQ(second->Receive().status, 200);
  const TestResponse refused = OnlyAnswer(server.port(), kGet);
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.HasLine("Retry-After: 1"));
  second.reset();
  EXPECT_TRUE(
      Eventually([&] { return server.server().num_connections() < 2; }));
  TestClient third(server.port());
  third.Send(kGet);
  EXPECT_EQ(third.Receive().status, 200);
}

// The process's whole CPU time.
double CpuSeconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

TEST(HostileTest, RunningOutOfFilesDoesNotSpinAndRecovers) {
  TestServer server;
  std::vector<std::unique_ptr<TestClient>> clients;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next_file = ::open("/dev/null", O_RDONLY);
  ::close(next_file);
  rlimit tight = before;
  tight.rlim_cur = next_file + 1;  // the client's file, none for the server's
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  TestClient client(server.port());
  client.Send(kGet);
  const double cpu_before = CpuSeconds();
  absl::SleepFor(absl::Milliseconds(400));
  // A loop that does nothing else would have taken 0.4 s.
  EXPECT_LT(CpuSeconds() - cpu_before, 0.2);
  EXPECT_EQ(server.server().num_connections(), 0);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(client.Receive().status, 200);
}

TEST(HostileTest, TenThousandIdleConnectionsDoNotKeepAnotherFromItsAnswer) {
  TestServer server;  // raises the limit on open files
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  // Both ends are files of this process.
  const int num_idle = std::min<int64_t>(
      10000, (static_cast<int64_t>(limit.rlim_cur) - 200) / 2);
  std::vector<std::unique_ptr<TestClient>> idle;
  for (int i = 0; i < num_idle; ++i) {
    idle.push_back(std::make_unique<TestClient>(server.port()));
  }
  EXPECT_TRUE(Eventually(
      [&] { return server.server().num_connections() == num_idle; }));
  TestClient client(server.port());
  client.Send(kGet);
  EXPECT_EQ(client.Receive().status, 200);
  idle.back()->Send(kGet);
  EXPECT_EQ(idle.back()->Receive().status, 200);
  idle.clear();
  EXPECT_TRUE(
      Eventually([&] { return server.server().num_connections() == 1; }));
}

}  // namespace
}  // namespace tessera::http
