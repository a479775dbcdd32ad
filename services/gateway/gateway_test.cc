// Over real connections.
#include "services/gateway/gateway.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/log/log.h"
#include "services/gateway/fake_verifier.h"

namespace tessera::gateway {
namespace {

class Connection {
 public:
  explicit Connection(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address),
                      sizeof(address)),
              0);
  }
  ~Connection() { close(socket_); }

  void Post(absl::string_view path, absl::string_view body) {
    Write(absl::StrCat("POST ", path, " HTTP/1.1\r\nHost: x\r\n",
                       "Content-Type: application/json\r\nContent-Length: ",
                       body.size(), "\r\n\r\n", body));
  }
  void Write(absl::string_view bytes) {
    ASSERT_EQ(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // What comes up to `end`, or until the connection closes.
  std::string ReadUntil(absl::string_view end) {
    char buffer[4096];
    while (!absl::StrContains(received_, end)) {
      const ssize_t size = recv(socket_, buffer, sizeof(buffer), 0);
      if (size <= 0) return std::exchange(received_, "");
      received_.append(buffer, static_cast<size_t>(size));
    }
    const size_t length = received_.find(std::string(end)) + end.size();
    std::string all = received_.substr(0, length);
    received_.erase(0, length);
    return all;
  }

 private:
  const int socket_;
  std::string received_;  // not read yet
};

constexpr char kStream[] =
    R"({"messages": [{"role": "user", "content": "hi"}], "stream": true})";

class GatewayTest : public testing::Test {
 protected:
  GatewayTest() {
    log::SetLevel(log::kError);
    auto gateway = Gateway::Create(GatewayOptions(), &verifier_, &registry_);
    EXPECT_TRUE(gateway.ok()) << gateway.status();
    gateway_ = *std::move(gateway);
    const absl::Status status = gateway_->Start();
    EXPECT_TRUE(status.ok()) << status;
  }

  // Answers each generation on the server's own thread.
  void AnswerWith(std::vector<const char*> responses) {
    verifier_.script = [responses](FakeVerifier::Call& call) {
      for (const char* response : responses) {
        call.observer->OnResponse(Response(response));
      }
      std::exchange(call.observer, nullptr)->OnDone(absl::OkStatus());
    };
  }

  FakeVerifier verifier_;
  metrics::Registry registry_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(GatewayTest, StreamsAndKeepsTheConnection) {
  AnswerWith({"prompt {} deltas { text: 'Hi' token_ids: 1 }",
              "deltas { token_ids: 2 finish_reason: STOP } usage {}"});
  Connection connection(gateway_->port());
  for (int i = 0; i < 2; ++i) {
    connection.Post("/v1/chat/completions", kStream);
    const std::string answer = connection.ReadUntil("data: [DONE]\n\n");
    EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 200")) << answer;
    EXPECT_TRUE(absl::StrContains(answer, "text/event-stream")) << answer;
    EXPECT_TRUE(absl::StrContains(answer, "\"content\":\"Hi\"")) << answer;
    connection.ReadUntil("0\r\n\r\n");  // the last chunk
  }
  EXPECT_EQ(gateway_->num_active(), 0);
}

TEST_F(GatewayTest, TheServersOwnErrorsHaveTheApisShape) {
  Connection connection(gateway_->port());
  connection.Write(
      "POST /v1/completions HTTP/1.1\r\nHost: x\r\n"
      "Content-Length: -5\r\n\r\n");
  const std::string answer = connection.ReadUntil("}}");
  EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 400")) << answer;
  EXPECT_TRUE(absl::StrContains(answer, "{\"error\":{\"message\":")) << answer;
}

TEST_F(GatewayTest, StopsWithAnIdleConnectionAndAStreamOpen) {
  Connection idle(gateway_->port());
  Connection streaming(gateway_->port());
  verifier_.script = [](FakeVerifier::Call& call) {
    call.observer->OnResponse(
        Response("prompt {} deltas { text: 'Hi' token_ids: 1 }"));
  };
  streaming.Post("/v1/chat/completions", kStream);
  streaming.ReadUntil("\"Hi\"");
  gateway_->BeginDrain();
  Connection late(gateway_->port());
  late.Post("/v1/chat/completions", kStream);
  EXPECT_TRUE(absl::StartsWith(late.ReadUntil("}}"), "HTTP/1.1 503"));
  EXPECT_EQ(gateway_->num_active(), 1);
  gateway_->Stop();
  EXPECT_EQ(streaming.ReadUntil("[DONE]").find("[DONE]"), std::string::npos);
  EXPECT_TRUE(verifier_.calls[0]->is_cancelled);
  std::exchange(verifier_.calls[0]->observer, nullptr)
      ->OnDone(absl::CancelledError(""));
}

TEST_F(GatewayTest, OptionsAreChecked) {
  GatewayOptions options;
  options.cors_origin = "x\r\ny";
  EXPECT_FALSE(Gateway::Create(options, &verifier_, &registry_).ok());
  options = GatewayOptions();
  options.api_keys_file = "/does/not/exist";
  EXPECT_FALSE(Gateway::Create(options, &verifier_, &registry_).ok());
  options = GatewayOptions();
  options.salt_secret_file = "/does/not/exist";
  EXPECT_TRUE(absl::StartsWith(
      Gateway::Create(options, &verifier_, &registry_).status().message(),
      "--salt-secret: /does/not/exist: "));
}

TEST_F(GatewayTest, SaysThatKeysWithoutASecretLoseTheirBlocksAtTheEnd) {
  GatewayOptions options;
  options.api_keys_file = testing::TempDir() + "/keys-of-gateway";
  const std::string secret = testing::TempDir() + "/secret-of-gateway";
  std::ofstream(options.api_keys_file) << "first-key-1\n";
  std::ofstream(secret) << "0123456789abcdef\n";
  log::SetLevel(log::kInfo);
  for (const bool has_secret : {false, true}) {
    options.salt_secret_file = has_secret ? secret : "";
    testing::internal::CaptureStderr();
    EXPECT_TRUE(Gateway::Create(options, &verifier_, &registry_).ok());
    EXPECT_EQ(absl::StrContains(testing::internal::GetCapturedStderr(),
                                "no --salt-secret"),
              !has_secret);
  }
  log::SetLevel(log::kError);
}

}  // namespace
}  // namespace tessera::gateway
