// The verifier on the default model, asked in process and over gRPC.

#include "services/verifier/verifier.h"

#include <condition_variable>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <string>

#include "absl/strings/str_cat.h"
#include "grpcpp/client_context.h"
#include "gtest/gtest.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/server.h"
#include "proto/verifier.grpc.pb.h"
#include "services/verifier/client/grpc_client.h"
#include "services/verifier/local_client.h"
#include "services/verifier/verifier_service.h"

namespace tessera::verifier {
namespace {

class Gatherer : public GenerateObserver {
 public:
  void OnResponse(v1::GenerateResponse response) override {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const v1::ChoiceDelta& delta : response.deltas()) {
      text += delta.text();
      for (const int32_t id : delta.token_ids()) token_ids.push_back(id);
      for (const v1::TokenLogprobs& one : delta.logprobs()) {
        one.AppendToString(&logprobs);
      }
    }
    if (response.has_usage()) usage = response.usage();
    ++num_responses;
    changed_.notify_all();
  }
  void OnDone(absl::Status status) override {
    std::lock_guard<std::mutex> lock(mutex_);
    result = std::move(status);
    is_done_ = true;
    changed_.notify_all();
  }
  absl::Status Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return is_done_; });
    return result;
  }
  void WaitForResponses(int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return is_done_ || num_responses >= count; });
  }

  std::string text, logprobs;
  std::vector<int32_t> token_ids;
  v1::Usage usage;
  int num_responses = 0;
  absl::Status result;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_done_ = false;
};

// One verifier for all tests of the file: a model takes a while to load.
class VerifierTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    registry_ = new metrics::Registry();
    auto verifier =
        Verifier::Create({.kv_memory_bytes = int64_t{1} << 29,
                          .stream_interval = absl::ZeroDuration()},
                         std::getenv("TESSERA_DEFAULT_MODEL"), {}, registry_);
    ASSERT_TRUE(verifier.ok()) << verifier.status();
    verifier_ = verifier->release();
    std::promise<absl::Status> loaded;
    verifier_->OnLoaded([&](absl::Status status) { loaded.set_value(status); });
    const absl::Status status = loaded.get_future().get();
    ASSERT_TRUE(status.ok()) << status;
    service_ = new VerifierService(verifier_);
    auto server =
        rpc::Server::Start({}, {{"tessera.verifier.v1.Verifier", service_}});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = server->release();
    auto client =
        CreateGrpcClient(absl::StrCat("127.0.0.1:", server_->port()), {});
    ASSERT_TRUE(client.ok()) << client.status();
    remote_ = client->release();
    local_ = new LocalClient(verifier_);
  }
  static void TearDownTestSuite() {
    delete remote_;
    delete server_;
    delete service_;
    delete local_;
    delete verifier_;
    delete registry_;
  }

  static v1::GenerateRequest Chat(const std::string& text, int max_tokens) {
    v1::GenerateRequest request;
    v1::ChatMessage* message =
        request.mutable_prompt()->mutable_chat()->add_messages();
    message->set_role("user");
    message->set_content(text);
    request.set_max_tokens(max_tokens);
    request.set_ignore_eos(true);
    request.set_stream(true);
    request.set_num_logprobs(2);
    request.mutable_sampling()->set_temperature(0.8f);
    request.mutable_sampling()->set_seed(5);
    return request;
  }

  // Waits for it: a step may be under way.
  static void ExpectIdle() {
    absl::StatusOr<v1::ModelInfoResponse> info;
    for (int i = 0; i < 1000; ++i) {
      info = verifier_->ModelInfo();
      ASSERT_TRUE(info.ok()) << info.status();
      if (info->num_running() + info->num_waiting() == 0 &&
          verifier_->num_active() == 0) {
        return;
      }
      absl::SleepFor(absl::Milliseconds(10));
    }
    FAIL() << verifier_->num_active() << " active, " << info->DebugString();
  }

  static metrics::Registry* registry_;
  static Verifier* verifier_;
  static VerifierService* service_;
  static rpc::Server* server_;
  static VerifierClient* remote_;
  static VerifierClient* local_;
};

metrics::Registry* VerifierTest::registry_ = nullptr;
Verifier* VerifierTest::verifier_ = nullptr;
VerifierService* VerifierTest::service_ = nullptr;
rpc::Server* VerifierTest::server_ = nullptr;
VerifierClient* VerifierTest::remote_ = nullptr;
VerifierClient* VerifierTest::local_ = nullptr;

TEST_F(VerifierTest, TheAnswerIsTheSameInProcessAndOverGrpc) {
  const v1::GenerateRequest request = Chat("Name three rivers.", 24);
  auto near = std::make_shared<Gatherer>();
  auto far = std::make_shared<Gatherer>();
  const auto near_call = local_->Generate(request, near);
  ASSERT_TRUE(near->Wait().ok()) << near->result;
  const auto far_call = remote_->Generate(request, far);
  ASSERT_TRUE(far->Wait().ok()) << far->result;
  EXPECT_EQ(near->token_ids.size(), 24);
  EXPECT_EQ(far->token_ids, near->token_ids);
  EXPECT_EQ(far->text, near->text);
  EXPECT_EQ(far->logprobs, near->logprobs);
  EXPECT_EQ(far->usage.num_generated_tokens(), 24);
  EXPECT_GT(far->num_responses, 2) << "it came in one piece";
  ExpectIdle();
}

TEST_F(VerifierTest, ErrorsKeepTheirCodesAndFields) {
  v1::GenerateRequest request = Chat("hi", 2);
  request.set_n(0);
  for (VerifierClient* client : {local_, remote_}) {
    auto observer = std::make_shared<Gatherer>();
    const auto call = client->Generate(request, observer);
    EXPECT_EQ(observer->Wait().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(observer->result.message().substr(0, 3), "n: ");
  }
}

TEST_F(VerifierTest, ACancelledOrDroppedCallEndsWithinAStep) {
  for (VerifierClient* client : {local_, remote_}) {
    auto cancelled = std::make_shared<Gatherer>();
    auto dropped = std::make_shared<Gatherer>();
    const auto call =
        client->Generate(Chat("Tell a long story.", 4000), cancelled);
    auto other = client->Generate(Chat("Tell a longer one.", 4000), dropped);
    cancelled->WaitForResponses(3);
    dropped->WaitForResponses(3);
    call->Cancel();
    EXPECT_TRUE(absl::IsCancelled(cancelled->Wait())) << cancelled->result;
    other.reset();
    ExpectIdle();
  }
}

TEST_F(VerifierTest, ADeadlineEndsAGeneration) {
  const auto channel =
      rpc::OpenChannel(absl::StrCat("127.0.0.1:", server_->port()), {});
  const auto stub = v1::Verifier::NewStub(*channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(1)));
  const auto reader =
      stub->Generate(&context, Chat("Tell a long story.", 8000));
  v1::GenerateResponse response;
  while (reader->Read(&response)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  ExpectIdle();
}

TEST_F(VerifierTest, TokenizesAndBack) {
  v1::TokenizeRequest request;
  request.mutable_prompt()->mutable_text()->set_text("Hello, w\u00f6rld");
  for (VerifierClient* client : {local_, remote_}) {
    std::promise<absl::StatusOr<v1::TokenizeResponse>> ids;
    client->Tokenize(request, [&](auto answer) { ids.set_value(answer); });
    const auto tokens = ids.get_future().get();
    ASSERT_TRUE(tokens.ok()) << tokens.status();
    EXPECT_EQ(tokens->context_len(), 8192);
    std::string joined;
    for (const std::string& one : tokens->token_texts()) joined += one;
    EXPECT_EQ(joined, "Hello, w\u00f6rld");
    v1::DetokenizeRequest back;
    *back.mutable_ids() = tokens->ids();
    std::promise<absl::StatusOr<v1::DetokenizeResponse>> text;
    client->Detokenize(back, [&](auto answer) { text.set_value(answer); });
    EXPECT_EQ(text.get_future().get()->text(), "Hello, w\u00f6rld");
    back.add_ids(1 << 20);
    std::promise<absl::StatusOr<v1::DetokenizeResponse>> wrong;
    client->Detokenize(back, [&](auto answer) { wrong.set_value(answer); });
    EXPECT_EQ(wrong.get_future().get().status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(VerifierTest, ScoresAText) {
  const auto channel =
      rpc::OpenChannel(absl::StrCat("127.0.0.1:", server_->port()), {});
  const auto stub = v1::Verifier::NewStub(*channel);
  v1::ScoreRequest request;
  request.mutable_prompt()->mutable_text()->set_text(
      "The capital of France is Paris.");
  request.set_num_logprobs(3);
  v1::ScoreResponse response;
  grpc::ClientContext context;
  const grpc::Status status = stub->Score(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.logprobs_size(), response.token_ids_size() - 1);
  for (int i = 0; i < response.logprobs_size(); ++i) {
    const v1::TokenLogprobs& one = response.logprobs(i);
    EXPECT_EQ(one.chosen().token(), response.token_ids(i + 1));
    EXPECT_LE(one.chosen().logprob(), 0);
    EXPECT_EQ(one.top_size(), 3);
    EXPECT_GE(one.top(0).logprob(), one.chosen().logprob());
  }
}

TEST_F(VerifierTest, ModelInfoTellsWhatIsServed) {
  for (VerifierClient* client : {local_, remote_}) {
    std::promise<absl::StatusOr<v1::ModelInfoResponse>> promise;
    client->ModelInfo([&](auto answer) { promise.set_value(answer); });
    const auto info = promise.get_future().get();
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_EQ(info->name(), "SmolLM2-135M-Instruct.Q4_1");
    EXPECT_EQ(info->context_len(), 8192);
    EXPECT_TRUE(info->has_chat_template());
    EXPECT_GT(info->kv_capacity_tokens(), 8192);
  }
}

TEST_F(VerifierTest, ADrainingVerifierFinishesAndTakesNoMore) {
  auto running = std::make_shared<Gatherer>();
  const auto call = local_->Generate(Chat("Count.", 100), running);
  running->WaitForResponses(2);
  verifier_->BeginDrain();
  auto late = std::make_shared<Gatherer>();
  const auto refused = local_->Generate(Chat("Count.", 2), late);
  EXPECT_TRUE(absl::IsUnavailable(late->Wait())) << late->result;
  EXPECT_TRUE(running->Wait().ok()) << running->result;
  EXPECT_EQ(running->token_ids.size(), 100);
}

TEST(VerifierFileTest, AMissingModelIsNamed) {
  metrics::Registry registry;
  const absl::Status status =
      Verifier::Create({}, "no/such.gguf", {}, &registry).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(status.message().find("no/such.gguf"), absl::string_view::npos);
}

TEST(VerifierFileTest, DraftsAloneWithoutADraftModelAreRefused) {
  metrics::Registry registry;
  const absl::Status status =
      Verifier::Create({.speculation = SpeculationMode::kDraft}, "no/such.gguf",
                       {}, &registry)
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("--draft-model"), absl::string_view::npos);
}

}  // namespace
}  // namespace tessera::verifier
