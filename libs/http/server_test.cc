#include "libs/http/server.h"

#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/http/test_client.h"
#include "libs/http/test_server.h"

namespace tessera::http {
namespace {

std::string Get(absl::string_view path, absl::string_view lines = "") {
  return absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: h\r\n", lines, "\r\n");
}

TEST(ServerTest, AnswersOneRequestAfterAnotherOnAConnection) {
  TestServer server;
  TestClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.Send(Get(absl::StrCat("/echo?", i)));
    const TestResponse response = client.Receive();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, absl::StrCat("GET /echo?", i, " "));
    EXPECT_TRUE(response.HasLine("Content-Type: text/plain"));
    EXPECT_FALSE(absl::StrContains(response.head, "Connection:"));
  }
  EXPECT_EQ(server.server().num_connections(), 1);
}

TEST(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  TestServer server;
  TestClient client(server.port());
  client.Send(Get("/hold") + Get("/echo?1") +
              "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" +
              Get("/echo?2"));
  const auto held = server.TakeHeld();
  EXPECT_EQ(server.num_requests(), 1);
  held->Send({.body = "first"});
  EXPECT_EQ(client.Receive().body, "first");
  EXPECT_EQ(client.Receive().body, "GET /echo?1 ");
  EXPECT_EQ(client.Receive().body, "POST /echo? abc");
  EXPECT_EQ(client.Receive().body, "GET /echo?2 ");
}

TEST(ServerTest, MorePipelinedRequestsThanItKeepsAreAllAnswered) {
  TestServer server({.max_header_bytes = 1000});
  TestClient client(server.port());
  std::thread sender([&] {
    client.Send(Get("/hold"));
    for (int i = 0; i < 20000; ++i) client.Send(Get(absl::StrCat("/echo?", i)));
  });
  server.TakeHeld()->Send({});
  client.Receive();
  for (int i = 0; i < 20000; ++i) {
    ASSERT_EQ(client.Receive().body, absl::StrCat("GET /echo?", i, " "));
  }
  sender.join();
}

TEST(ServerTest, ClosesWhenAskedTo) {
  TestServer server;
  TestClient client(server.port());
  client.Send(Get("/echo", "Connection: close\r\n") + Get("/echo"));
  EXPECT_TRUE(client.Receive().HasLine("Connection: close"));
  EXPECT_TRUE(client.IsClosed());
  EXPECT_EQ(server.num_requests(), 1);
}

TEST(ServerTest, Http10IsClosedUnlessItAsksToStay) {
  TestServer server;
  TestClient client(server.port());
  client.Send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(client.Receive().HasLine("Connection: keep-alive"));
  client.Send("GET /echo HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(client.Receive().HasLine("Connection: close"));
  EXPECT_TRUE(client.IsClosed());
}

TEST(ServerTest, AStreamToHttp10EndsWithTheConnection) {
  TestServer server;
  TestClient client(server.port());
  client.Send("GET /hold HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto exchange = server.TakeHeld();
  exchange->Begin({});
  EXPECT_TRUE(exchange->Write("one "));
  EXPECT_TRUE(exchange->Write("two"));
  exchange->Finish();
  const TestResponse response = client.Receive();
  EXPECT_TRUE(response.HasLine("Connection: close"));
  EXPECT_EQ(response.body, "one two");
}

TEST(ServerTest, SaysContinueBeforeABodyThatWaitsForIt) {
  TestServer server;
  TestClient client(server.port());
  const std::string header =
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
      "Expect: 100-continue\r\n\r\n";
  client.Send(header);
  EXPECT_EQ(client.Receive().status, 100);
  client.Send("abc");
  EXPECT_EQ(client.Receive().body, "POST /echo? abc");
  client.Send(header + "abc");
  EXPECT_EQ(client.Receive().status, 200);
}

TEST(ServerTest, HeadIsAnsweredWithoutABody) {
  TestServer server;
  TestClient client(server.port());
  client.Send("HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\n" + Get("/echo?next"));
  EXPECT_TRUE(client.Receive(true).HasLine("Content-Length: 12"));
  EXPECT_EQ(client.Receive().body, "GET /echo?next ");
}

TEST(ServerTest, AStreamedAnswerToHeadHasNoBody) {
  TestServer server;
  TestClient client(server.port());
  client.Send("HEAD /hold HTTP/1.1\r\nHost: h\r\n\r\n" + Get("/echo?next"));
  const auto exchange = server.TakeHeld();
  exchange->Begin({});
  EXPECT_TRUE(exchange->Write("piece"));
  exchange->Finish();
  EXPECT_TRUE(client.Receive(true).HasLine("Transfer-Encoding: chunked"));
  EXPECT_EQ(client.Receive().body, "GET /echo?next ");
}

TEST(ServerTest, ReadsChunkedBodiesInAnyParts) {
  TestServer server;
  TestClient client(server.port());
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n";
  for (char byte : request) {
    client.Send(absl::string_view(&byte, 1));
    if (byte == '\n') absl::SleepFor(absl::Milliseconds(2));
  }
  EXPECT_EQ(client.Receive().body, "POST /echo? hello world");
}

TEST(ServerTest, TheRequestSaysWhoAsks) {
  Request seen;
  const auto server = Server::Start(
      {}, [&](Request request, std::shared_ptr<Exchange> exchange) {
        seen = std::move(request);
        exchange->Send({.status = 204});
      });
  TestClient client((*server)->port());
  client.Send(Get("/a%20b?c=%64", "X-Name: value\r\n"));
  const TestResponse response = client.Receive();
  EXPECT_EQ(response.status, 204);
  EXPECT_FALSE(absl::StrContains(response.head, "Content-Length"));
  EXPECT_EQ(seen.path, "/a b");
  EXPECT_EQ(seen.query, "c=%64");
  EXPECT_EQ(seen.header("x-name"), "value");
  EXPECT_TRUE(absl::StartsWith(seen.peer, "127.0.0.1:")) << seen.peer;
}

TEST(ServerTest, ManyThreadsShareTheConnections) {
  TestServer server({.num_threads = 3});
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      TestClient client(server.port());
      for (int i = 0; i < 50; ++i) {
        client.Send(Get(absl::StrCat("/echo?", t, "-", i)));
        EXPECT_EQ(client.Receive().body,
                  absl::StrCat("GET /echo?", t, "-", i, " "));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(ServerTest, ListensOnIpv6) {
  const auto server = Server::Start({.address = "::1"},
                                    [](Request, std::shared_ptr<Exchange>) {});
  if (!server.ok()) GTEST_SKIP() << "no IPv6 here: " << server.status();
  EXPECT_GT((*server)->port(), 0);
}

TEST(ServerTest, AnAddressThatCannotBeIsNamed) {
  TestServer taken;
  const auto second = Server::Start({.port = taken.port()},
                                    [](Request, std::shared_ptr<Exchange>) {});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(second.status().message(),
                                absl::StrCat("127.0.0.1:", taken.port())))
      << second.status();
  const auto nowhere = Server::Start({.address = "192.0.2.1"},
                                     [](Request, std::shared_ptr<Exchange>) {});
  EXPECT_EQ(nowhere.status().code(), absl::StatusCode::kUnavailable);
  const auto invalid = Server::Start({.num_threads = 0},
                                     [](Request, std::shared_ptr<Exchange>) {});
  EXPECT_EQ(invalid.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera::http
