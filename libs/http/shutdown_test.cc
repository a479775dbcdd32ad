// Ends of a server, in order and in the midst of things.
#include <thread>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/http/server.h"
#include "libs/http/test_client.h"
#include "libs/http/test_server.h"

namespace tessera::http {
namespace {

constexpr absl::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr absl::string_view kHold = "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(ShutdownTest, StopAcceptingClosesIdleConnectionsAndFinishesTheOthers) {
  TestServer server;
  TestClient idle(server.port());
  idle.Send(kGet);
  EXPECT_EQ(idle.Receive().status, 200);
  TestClient busy(server.port());
  busy.Send(kHold);
  const auto exchange = server.TakeHeld();
  TestClient half(server.port());
  half.Send(kGet.substr(0, 10));
  ASSERT_TRUE(
      Eventually([&] { return server.server().num_connections() == 3; }));
  absl::SleepFor(absl::Milliseconds(50));  // the half request is read by then

  server.server().StopAccepting();
  EXPECT_TRUE(idle.IsClosed());
  exchange->Begin({});
  EXPECT_TRUE(exchange->Write("piece"));
  exchange->Finish();
  const TestResponse response = busy.Receive();
  EXPECT_TRUE(response.is_whole);
  EXPECT_TRUE(response.HasLine("Connection: close"));
  EXPECT_TRUE(busy.IsClosed());
  half.Send(kGet.substr(10));
  EXPECT_TRUE(half.Receive().HasLine("Connection: close"));
  EXPECT_TRUE(half.IsClosed());
}

TEST(ShutdownTest, AStreamBegunBeforeStopAcceptingEndsWhole) {
  TestServer server;
  TestClient client(server.port());
  client.Send(kHold);
  const auto exchange = server.TakeHeld();
  exchange->Begin({});
  EXPECT_TRUE(exchange->Write("one "));
  client.ReceiveUntil("one ");
  server.server().StopAccepting();
  EXPECT_TRUE(exchange->Write("two"));
  exchange->Finish();
  EXPECT_EQ(client.ReceiveUntil("0\r\n\r\n"), "\r\n3\r\ntwo\r\n0\r\n\r\n");
  EXPECT_TRUE(client.IsClosed());
  EXPECT_TRUE(
      Eventually([&] { return server.server().num_connections() == 0; }));
}

TEST(ShutdownTest, AfterStopAcceptingThePortIsFree) {
  TestServer server;
  TestClient busy(server.port());
  busy.Send(kHold);
  const auto exchange = server.TakeHeld();
  server.server().StopAccepting();
  EXPECT_TRUE(Eventually([&] {
    return Server::Start({.port = server.port()},
                         [](Request, std::shared_ptr<Exchange>) {})
        .ok();
  }));
}

TEST(ShutdownTest, StopClosesConnectionsAndTellsWhoAnswers) {
  TestServer server;
  TestClient idle(server.port());
  TestClient busy(server.port());
  busy.Send(kHold);
  const auto exchange = server.TakeHeld();
  exchange->Begin({});
  server.server().Stop();
  EXPECT_EQ(server.num_closed(), 1);
  EXPECT_EQ(server.server().num_connections(), 0);
  EXPECT_TRUE(idle.IsClosed());
  EXPECT_FALSE(exchange->Write("piece"));
  server.server().Stop();
}

TEST(ShutdownTest, ExchangesOutliveTheServer) {
  std::shared_ptr<Exchange> streaming, unanswered, dropped;
  {
    TestServer server;
    TestClient a(server.port()), b(server.port()), c(server.port());
    a.Send(kHold);
    streaming = server.TakeHeld();
    streaming->Begin({});
    b.Send(kHold);
    unanswered = server.TakeHeld();
    c.Send(kHold);
    dropped = server.TakeHeld();
  }
  dropped.reset();
  EXPECT_FALSE(streaming->Write("piece"));
  streaming->Finish();
  unanswered->Send({.body = "nobody reads this"});
}

TEST(ShutdownTest, StopsWhileOthersWriteAndConnect) {
  for (int round = 0; round < 20; ++round) {
    auto server = std::make_unique<TestServer>(ServerOptions{.num_threads = 2});
    std::vector<std::unique_ptr<TestClient>> clients;
    std::vector<std::thread> writers;
    for (int i = 0; i < 3; ++i) {
      clients.push_back(std::make_unique<TestClient>(server->port()));
      clients.back()->Send(kHold);
      writers.emplace_back([exchange = server->TakeHeld()] {
        exchange->Begin({});
        while (exchange->Write("piece")) {
        }
        exchange->Finish();
      });
    }
    for (int i = 0; i < 20; ++i) {
      clients.push_back(std::make_unique<TestClient>(server->port()));
    }
    server->server().Stop();
    for (std::thread& writer : writers) writer.join();
    server.reset();
  }
}

}  // namespace
}  // namespace tessera::http
