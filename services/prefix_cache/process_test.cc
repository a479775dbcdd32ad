// The store as a process: killed, paused, told to stop, and asked from outside.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <optional>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "services/prefix_cache/client/get_result.h"
#include "services/prefix_cache/client/grpc_client.h"
#include "services/prefix_cache/client/guarded_client.h"
#include "services/prefix_cache/client/test_chain.h"

namespace tessera::prefix_cache {
namespace {

constexpr int64_t kPayloadBytes = 50'000;
constexpr size_t kLength = 12;

absl::Time In(absl::Duration time) { return absl::Now() + time; }

// The binary, with its standard error read until it says its port.
class StoreProcess {
 public:
  StoreProcess(const std::string& binary, const std::string& directory,
               int port = 0) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const std::string dir = "--dir=" + directory;
    const std::string listen = absl::StrCat("--listen=127.0.0.1:", port);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], 2);
      execl(binary.c_str(), binary.c_str(), listen.c_str(), dir.c_str(),
            "--memory=64MiB", "--disk=64MiB", "--metrics-port=0",
            static_cast<char*>(nullptr));
      _exit(127);
    }
    close(ends[1]);
    log_ = ends[0];
    ReadPort();
  }
  ~StoreProcess() {
    if (pid_ > 0) End(SIGKILL);
    close(log_);
  }

  int port() const { return port_; }
  void Signal(int signal) { kill(pid_, signal); }
  // Returns when it has stopped.
  void Pause() {
    Signal(SIGSTOP);
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, WUNTRACED), pid_);
  }
  // Its wait status after a signal.
  int End(int signal) {
    Signal(signal);
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    return status;
  }

 private:
  void ReadPort() {
    std::string text;
    char byte;
    while (read(log_, &byte, 1) == 1) {
      text.push_back(byte);
      const size_t at = text.find(" port=");
      if (byte == '\n' && at != std::string::npos) {
        port_ = std::atoi(text.c_str() + at + 6);
        return;
      }
    }
    ADD_FAILURE() << "it ended: " << text;
  }

  pid_t pid_ = -1;
  int log_ = -1;
  int port_ = 0;
};

class ProcessTest : public testing::Test {
 protected:
  void Start() {
    client_.reset();
    process_.reset();
    process_.emplace(std::getenv("PREFIX_CACHE_BINARY"), directory_);
    client_ = std::make_unique<GuardedClient>(
        *CreateGrpcClient(absl::StrCat("127.0.0.1:", process_->port())));
    WaitUntilItAnswers();
  }
  void WaitUntilItAnswers() {
    const absl::Time start = absl::Now();
    while (NumMatched(absl::Seconds(2)) < 0) {
      ASSERT_LT(absl::Now(), start + absl::Seconds(20));
    }
  }
  // What came is right, if anything did.
  void GetSome() {
    auto result = std::make_shared<GetResult>(kPayloadBytes);
    const auto call =
        client_->Get(chain_, 0, kLength, In(absl::Seconds(20)), result);
    result->Wait().IgnoreError();
    for (size_t i = 0; i < result->payloads.size(); ++i) {
      EXPECT_EQ(result->payloads[i], PayloadOf(i, kPayloadBytes));
    }
  }
  // Of another chain each time.
  void PutSome() {
    const auto chain =
        ChainOf(kLength, kPayloadBytes, absl::StrCat("salt ", ++num_puts_));
    Answer<v1::PutResponse> put;
    client_->Put(chain, 0, PayloadsOf(*chain, 0, kLength),
                 In(absl::Seconds(20)), put.callback());
    put.Wait().IgnoreError();
  }
  // -1: it did not answer.
  int64_t NumMatched(absl::Duration deadline) {
    Answer<MatchedBlocks> matched;
    client_->Match(*chain_, In(deadline), matched.callback());
    const auto answer = matched.Wait();
    return answer.ok() ? answer->num_blocks : -1;
  }
  void PutAll() {
    Answer<v1::PutResponse> put;
    client_->Put(chain_, 0, PayloadsOf(*chain_, 0, kLength),
                 In(absl::Seconds(20)), put.callback());
    ASSERT_TRUE(put.Wait().ok());
  }
  void WaitUntilWritten() {
    v1::StatsResponse stats;
    while (stats.disk_blocks() < static_cast<int64_t>(kLength)) {
      Answer<v1::StatsResponse> answer;
      client_->Stats(In(absl::Seconds(20)), answer.callback());
      ASSERT_TRUE(answer.Wait().ok());
      stats = *answer.Wait();
    }
  }
  void ExpectGetsAll() {
    auto result = std::make_shared<GetResult>(kPayloadBytes);
    const auto call =
        client_->Get(chain_, 0, kLength, In(absl::Seconds(20)), result);
    EXPECT_TRUE(result->Wait().ok()) << result->status;
    ASSERT_EQ(result->payloads.size(), kLength);
    for (size_t i = 0; i < kLength; ++i) {
      EXPECT_EQ(result->payloads[i], PayloadOf(i, kPayloadBytes));
    }
  }

  const std::string directory_ = NewDirectory();
  const std::shared_ptr<Chain> chain_ = ChainOf(kLength, kPayloadBytes);
  std::optional<StoreProcess> process_;
  std::unique_ptr<GuardedClient> client_;
  std::atomic<int> num_puts_ = 0;
};

TEST_F(ProcessTest, StartsWarmAfterAKill) {
  Start();
  PutAll();
  WaitUntilWritten();
  EXPECT_TRUE(WIFSIGNALED(process_->End(SIGKILL)));
  Start();
  EXPECT_EQ(NumMatched(absl::Seconds(20)), kLength);
  ExpectGetsAll();
}

// The client that saw it die finds it again by itself.
TEST_F(ProcessTest, KilledUnderLoadItEndsEveryCallAndIsFoundAgain) {
  Start();
  PutAll();
  WaitUntilWritten();
  const int port = process_->port();
  for (int round = 0; round < 3; ++round) {
    std::atomic<bool> is_over = false;
    std::vector<std::thread> users;
    for (int i = 0; i < 4; ++i) {
      users.emplace_back([&, i] {
        while (!is_over) i % 2 == 0 ? GetSome() : PutSome();
      });
    }
    absl::SleepFor(absl::Milliseconds(100));
    EXPECT_TRUE(WIFSIGNALED(process_->End(SIGKILL)));
    is_over = true;
    for (std::thread& user : users) user.join();  // nothing hangs
    process_.emplace(std::getenv("PREFIX_CACHE_BINARY"), directory_, port);
    ASSERT_EQ(process_->port(), port);
    WaitUntilItAnswers();
    EXPECT_EQ(NumMatched(absl::Seconds(20)), kLength);
    ExpectGetsAll();
  }
}

TEST_F(ProcessTest, WritesWhatWaitsWhenItIsToldToStop) {
  Start();
  PutAll();
  const int status = process_->End(SIGTERM);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  Start();
  EXPECT_EQ(NumMatched(absl::Seconds(20)), kLength);
  ExpectGetsAll();
}

TEST_F(ProcessTest, APausedOneCostsAFewDeadlinesAndComesBack) {
  Start();
  PutAll();
  process_->Pause();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(NumMatched(absl::Milliseconds(20)), -1);
  }
  EXPECT_EQ(client_->state(), CircuitBreaker::State::kOpen);
  process_->Signal(SIGCONT);
  const absl::Time start = absl::Now();
  while (NumMatched(absl::Seconds(1)) < 0) {
    ASSERT_LT(absl::Now(), start + absl::Seconds(20));
    absl::SleepFor(absl::Milliseconds(20));
  }
  ExpectGetsAll();
}

// As `grpc_health_probe -service tessera.prefix_cache.v1.PrefixCache` asks.
TEST_F(ProcessTest, ItsHealthIsServing) {
  Start();
  grpc::GenericStub stub(
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", process_->port()),
                          grpc::InsecureChannelCredentials()));
  const std::string service = "tessera.prefix_cache.v1.PrefixCache";
  const grpc::Slice slice("\x0a" + std::string(1, service.size()) + service);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::ClientContext context;
  Answer<bool> answer;
  stub.UnaryCall(
      &context, "/grpc.health.v1.Health/Check", {}, &request, &response,
      [done = answer.callback()](grpc::Status status) { done(status.ok()); });
  ASSERT_TRUE(*answer.Wait());
  std::vector<grpc::Slice> slices;
  ASSERT_TRUE(response.Dump(&slices).ok());
  ASSERT_EQ(slices.size(), 1);
  EXPECT_EQ(std::string(slices[0].begin(), slices[0].end()), "\x08\x01");
}

}  // namespace
}  // namespace tessera::prefix_cache
