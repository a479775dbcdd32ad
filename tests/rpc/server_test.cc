#include "libs/rpc/server.h"

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/status.h"
#include "proto/verifier.grpc.pb.h"

namespace tessera::rpc {
namespace {

using verifier::v1::TokenizeRequest;
using verifier::v1::TokenizeResponse;

class Echo : public verifier::v1::Verifier::Service {
  grpc::Status Tokenize(grpc::ServerContext* context,
                        const TokenizeRequest* request,
                        TokenizeResponse* response) override {
    response->add_token_texts(request->prompt().text().text());
    return grpc::Status::OK;
  }
};

constexpr char kName[] = "tessera.verifier.v1.Verifier";

absl::StatusOr<std::string> Ask(int port, const std::string& text,
                                const TlsOptions& tls = {}) {
  const auto channel = OpenChannel(absl::StrCat("localhost:", port), {tls});
  if (!channel.ok()) return channel.status();
  const auto stub = verifier::v1::Verifier::NewStub(*channel);
  TokenizeRequest request;
  TokenizeResponse response;
  request.mutable_prompt()->mutable_text()->set_text(text);
  grpc::ClientContext context;
  context.set_wait_for_ready(false);
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
  const grpc::Status status = stub->Tokenize(&context, request, &response);
  if (!status.ok()) return FromGrpc(status);
  return response.token_texts(0);
}

// What grpc.health.v1 says of a service: field 1 of its answer, 1 SERVING, 2
// NOT_SERVING; encoded by hand, for Debian ships no header of it.
int Health(int port, const std::string& service) {
  const auto channel = OpenChannel(absl::StrCat("127.0.0.1:", port), {});
  grpc::GenericStub stub(*channel);
  std::string bytes;
  if (!service.empty()) {
    bytes = std::string("\x0a") + static_cast<char>(service.size()) + service;
  }
  grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(
      &context, "/grpc.health.v1.Health/Check", request, &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag;
  bool ok;
  queue.Next(&tag, &ok);
  grpc::Slice answer;
  if (!status.ok() || !response.DumpToSingleSlice(&answer).ok()) return -1;
  return answer.size() >= 2 ? answer.begin()[1] : 0;
}

TEST(ServerTest, ServesAndTellsItsHealth) {
  Echo echo;
  const auto server = Server::Start({}, {{kName, &echo}});
  ASSERT_TRUE(server.ok()) << server.status();
  const int port = (*server)->port();
  EXPECT_EQ(*Ask(port, "hello"), "hello");
  EXPECT_EQ(Health(port, ""), 1);
  EXPECT_EQ(Health(port, kName), 2);
  (*server)->SetServing(true);
  EXPECT_EQ(Health(port, kName), 1);
  (*server)->SetServing(false);
  EXPECT_EQ(Health(port, kName), 2);
  EXPECT_EQ(Health(port, "no.such.Service"), -1);
}

TEST(ServerTest, ReflectionIsThere) {
  Echo echo;
  const auto server = Server::Start({}, {{kName, &echo}});
  ASSERT_TRUE(server.ok()) << server.status();
  // An unknown method of an unknown service is Unimplemented; a stream that
  // reflection accepts is not.
  const auto channel =
      OpenChannel(absl::StrCat("127.0.0.1:", (*server)->port()), {});
  grpc::GenericStub stub(*channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto stream = stub.PrepareCall(
      &context,
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  void* tag;
  bool ok;
  stream->StartCall(nullptr);
  queue.Next(&tag, &ok);
  grpc::Slice slice(std::string("\x3a\x00", 2));  // list_services: ""
  stream->WriteLast(grpc::ByteBuffer(&slice, 1), {}, nullptr);
  queue.Next(&tag, &ok);
  grpc::ByteBuffer response;
  stream->Read(&response, nullptr);
  queue.Next(&tag, &ok);
  ASSERT_TRUE(ok);
  grpc::Slice answer;
  ASSERT_TRUE(response.DumpToSingleSlice(&answer).ok());
  const std::string text(answer.begin(), answer.end());
  EXPECT_NE(text.find(kName), std::string::npos);
  EXPECT_NE(text.find("grpc.health.v1.Health"), std::string::npos);
  grpc::Status status;
  stream->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
}

TEST(ServerTest, AnAddressThatIsTakenIsUnavailable) {
  Echo echo, other;
  const auto server = Server::Start({}, {{kName, &echo}});
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string taken = absl::StrCat("127.0.0.1:", (*server)->port());
  const auto second = Server::Start({.listen = taken}, {{kName, &other}});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(second.status().message().find(taken), absl::string_view::npos);
}

TEST(ServerTest, AMessageOverTheLimitIsRefused) {
  Echo echo;
  const auto server =
      Server::Start({.max_message_bytes = 1 << 16}, {{kName, &echo}});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_TRUE(Ask((*server)->port(), std::string(1 << 15, 'a')).ok());
  EXPECT_EQ(Ask((*server)->port(), std::string(1 << 17, 'a')).status().code(),
            absl::StatusCode::kResourceExhausted);
}

// Certificates made for the test: an authority, a server's and a client's.
class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir();
    const std::string script = absl::StrCat(
        "cd '", directory_,
        "' && exec 2>/dev/null && "
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca "
        "-keyout ca.key -out ca.pem && "
        "for name in server client; do "
        "openssl req -newkey rsa:2048 -nodes -subj /CN=localhost "
        "-keyout $name.key -out $name.csr && "
        "echo subjectAltName=DNS:localhost > san && "
        "openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key "
        "-CAcreateserial -days 2 -extfile san -out $name.pem; done");
    ASSERT_EQ(std::system(script.c_str()), 0) << "openssl failed";
  }
  std::string Path(const std::string& name) const {
    return absl::StrCat(directory_, "/", name);
  }
  TlsOptions Identity(const std::string& name) const {
    return {.certificate_file = Path(name + ".pem"),
            .key_file = Path(name + ".key"),
            .ca_file = Path("ca.pem")};
  }
  std::string directory_;
};

TEST_F(TlsTest, AServerWithACertificateIsBelievedByItsAuthority) {
  Echo echo;
  TlsOptions tls = Identity("server");
  tls.ca_file.clear();
  const auto server = Server::Start({.tls = tls}, {{kName, &echo}});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(*Ask((*server)->port(), "secret", {.ca_file = Path("ca.pem")}),
            "secret");
  EXPECT_FALSE(Ask((*server)->port(), "plain").ok());
}

TEST_F(TlsTest, MutualTlsRefusesAClientWithoutACertificate) {
  Echo echo;
  const auto server =
      Server::Start({.tls = Identity("server")}, {{kName, &echo}});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(*Ask((*server)->port(), "secret", Identity("client")), "secret");
  EXPECT_FALSE(
      Ask((*server)->port(), "secret", {.ca_file = Path("ca.pem")}).ok());
}

TEST_F(TlsTest, FilesThatAreMissingOrNoPemAreNamed) {
  Echo echo;
  TlsOptions tls = Identity("server");
  tls.key_file = Path("none.key");
  EXPECT_EQ(Server::Start({.tls = tls}, {{kName, &echo}}).status().code(),
            absl::StatusCode::kNotFound);
  std::ofstream(Path("words.pem")) << "words";
  tls = Identity("server");
  tls.certificate_file = Path("words.pem");
  const absl::Status status =
      Server::Start({.tls = tls}, {{kName, &echo}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("words.pem"), absl::string_view::npos);
  EXPECT_FALSE(TlsOptions{.certificate_file = "a"}.Validate().ok());
}

}  // namespace
}  // namespace tessera::rpc
