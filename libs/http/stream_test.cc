// Answers in pieces, and peers that go away or do not read.
#include <future>
#include <memory>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/http/server.h"
#include "libs/http/test_client.h"
#include "libs/http/test_server.h"

namespace tessera::http {
namespace {

constexpr absl::string_view kHold = "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n";

// Of a server that lets little wait for a peer.
ServerOptions Impatient() {
  return {.max_send_bytes = 20000,
          .send_timeout = absl::Milliseconds(200),
          .socket_send_bytes = 4096};
}

TEST(StreamTest, PiecesOfAnyThreadArriveInOrder) {
  TestServer server;
  TestClient client(server.port());
  client.Send(kHold);
  const auto exchange = server.TakeHeld();
  std::string expected;
  std::thread writer([&] {
    exchange->Begin({.content_type = "text/event-stream"});
    for (int i = 0; i < 5000; ++i) {
      const std::string piece = absl::StrCat("data: ", i, "\n\n");
      expected += piece;
      EXPECT_TRUE(exchange->Write(piece));
    }
    exchange->Finish();
  });
  const TestResponse response = client.Receive();
  writer.join();
  EXPECT_TRUE(response.HasLine("Content-Type: text/event-stream"));
  EXPECT_TRUE(response.is_whole);
  EXPECT_EQ(response.body, expected);
  EXPECT_EQ(server.num_closed(), 0);
}

TEST(StreamTest, TheHeadDoesNotWaitForAPieceNorAPieceForTheNext) {
  TestServer server;
  TestClient client(server.port());
  client.Send(kHold);
  const auto exchange = server.TakeHeld();
  exchange->Begin({});
  EXPECT_TRUE(
      absl::StartsWith(client.ReceiveUntil("\r\n\r\n"), "HTTP/1.1 200"));
  EXPECT_TRUE(exchange->Write("piece"));
  EXPECT_EQ(client.ReceiveUntil("piece\r\n"), "5\r\npiece\r\n");
  exchange->Finish();
  EXPECT_EQ(client.ReceiveUntil("0\r\n\r\n"), "0\r\n\r\n");
}

TEST(StreamTest, TheConnectionServesAgainAfterwards) {
  TestServer server;
  TestClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.Send(kHold);
    const auto exchange = server.TakeHeld();
    exchange->Begin({});
    EXPECT_TRUE(exchange->Write("x"));
    exchange->Finish();
    EXPECT_TRUE(client.Receive().is_whole);
  }
}

TEST(StreamTest, AHangUpIsNoticedBeforeTheAnswer) {
  TestServer server;
  TestClient client(server.port());
  client.Send(kHold);
  const auto exchange = server.TakeHeld();
  client.Close();
  EXPECT_TRUE(Eventually([&] { return server.num_closed() == 1; }));
  exchange->Begin({});
  EXPECT_FALSE(exchange->Write("piece"));
  exchange->Finish();
  EXPECT_EQ(server.num_closed(), 1);
}

TEST(StreamTest, AHangUpIsNoticedBetweenPieces) {
  TestServer server;
  TestClient client(server.port());
  client.Send(kHold);
  const auto exchange = server.TakeHeld();
  exchange->Begin({});
  EXPECT_TRUE(exchange->Write("piece"));
  client.ReceiveUntil("piece");
  client.Reset();
  EXPECT_TRUE(Eventually([&] { return server.num_closed() == 1; }));
  EXPECT_FALSE(exchange->Write("piece"));
  EXPECT_TRUE(
      Eventually([&] { return server.server().num_connections() == 0; }));
}

TEST(StreamTest, OnClosedIsCalledAtOnceWhereThePeerIsGone) {
  std::promise<std::shared_ptr<Exchange>> promise;
  const auto server =
      Server::Start({}, [&](Request, std::shared_ptr<Exchange> exchange) {
        promise.set_value(std::move(exchange));
      });
  std::shared_ptr<Exchange> kept;
  {
    TestClient client((*server)->port());
    client.Send(kHold);
    kept = promise.get_future().get();
  }
  ASSERT_TRUE(Eventually([&] { return (*server)->num_connections() == 0; }));
  (*server)->Stop();
  int num_called = 0;
  kept->OnClosed([&] { ++num_called; });
  EXPECT_EQ(num_called, 1);
}

TEST(StreamTest, OnClosedIsNotCalledOnceAllWasSent) {
  TestServer server;
  {
    TestClient client(server.port());
    client.Send(kHold);
    server.TakeHeld()->Send({.body = "all"});
    EXPECT_EQ(client.Receive().body, "all");
  }
  EXPECT_TRUE(
      Eventually([&] { return server.server().num_connections() == 0; }));
  EXPECT_EQ(server.num_closed(), 0);
}

TEST(StreamTest, APeerThatDoesNotReadIsDisconnectedOnceTooMuchWaits) {
  ServerOptions options = Impatient();
  options.send_timeout = absl::InfiniteDuration();
  TestServer server(options);
  TestClient client(server.port(), 4096);
  client.Send(kHold);
  const auto exchange = server.TakeHeld();
  exchange->Begin({});
  int64_t num_written = 0;
  while (num_written < (64 << 20) && exchange->Write(std::string(500, 'x'))) {
    num_written += 500;
    // Not faster than the server sends, or a peer that reads is cut off too.
    absl::SleepFor(absl::Microseconds(50));
  }
  EXPECT_LT(num_written, 1 << 20);
  EXPECT_TRUE(Eventually([&] { return server.num_closed() == 1; }));
  EXPECT_TRUE(
      Eventually([&] { return server.server().num_connections() == 0; }));
}

TEST(StreamTest, APeerThatDoesNotReadIsDisconnectedAfterTheTimeout) {
  ServerOptions options = Impatient();
  options.max_send_bytes = 1 << 30;
  TestServer server(options);
  TestClient client(server.port(), 4096);
  client.Send(kHold);
  server.TakeHeld()->Send({.body = std::string(1 << 20, 'x')});
  EXPECT_TRUE(Eventually([&] { return server.num_closed() == 1; }));
}

TEST(StreamTest, ALargeAnswerReachesASlowReader) {
  ServerOptions options = Impatient();
  options.send_timeout = absl::Seconds(20);
  TestServer server(options);
  TestClient client(server.port(), 4096);
  client.Send(kHold);
  server.TakeHeld()->Send({.body = std::string(1 << 20, 'x')});
  const TestResponse response = client.Receive();
  EXPECT_TRUE(response.is_whole);
  EXPECT_EQ(response.body, std::string(1 << 20, 'x'));
}

TEST(StreamTest, ADroppedRequestIsAnswered500) {
  TestServer server;
  TestClient client(server.port());
  client.Send("GET /drop HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 500);
  client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 200);
}

TEST(StreamTest, ADroppedStreamEndsTheConnectionUnfinished) {
  TestServer server;
  TestClient client(server.port());
  client.Send(kHold);
  {
    const auto exchange = server.TakeHeld();
    exchange->Begin({});
    EXPECT_TRUE(exchange->Write("piece"));
  }
  const std::string received = client.ReceiveAll();
  EXPECT_FALSE(absl::EndsWith(received, "0\r\n\r\n")) << received;
  EXPECT_TRUE(Eventually([&] { return server.num_closed() == 1; }));
}

TEST(StreamTest, AThousandStreamsAtOnce) {
  TestServer server;
  constexpr int kStreams = 1000;
  std::vector<std::unique_ptr<TestClient>> clients;
  std::vector<std::shared_ptr<Exchange>> exchanges;
  for (int i = 0; i < kStreams; ++i) {
    clients.push_back(std::make_unique<TestClient>(server.port()));
    clients.back()->Send(kHold);
    exchanges.push_back(server.TakeHeld());
    exchanges.back()->Begin({});
  }
  std::string expected;
  for (int piece = 0; piece < 20; ++piece) {
    expected += absl::StrCat(piece, " ");
    for (const auto& exchange : exchanges) {
      EXPECT_TRUE(exchange->Write(absl::StrCat(piece, " ")));
    }
  }
  for (const auto& exchange : exchanges) exchange->Finish();
  for (const auto& client : clients) {
    EXPECT_EQ(client->Receive().body, expected);
  }
}

}  // namespace
}  // namespace tessera::http
