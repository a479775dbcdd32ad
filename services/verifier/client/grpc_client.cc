#include "services/verifier/client/grpc_client.h"

#include <mutex>
#include <utility>

#include "absl/time/clock.h"
#include "grpcpp/client_context.h"
#include "libs/base/status_macros.h"
#include "libs/rpc/call_count.h"
#include "libs/rpc/status.h"
#include "proto/verifier.grpc.pb.h"

namespace tessera::verifier {
namespace {

// A call that somebody keeps without end must not keep the process.
constexpr absl::Duration kLongestWait = absl::Seconds(5);

// One of a client's calls, for as long as it lives.
class Counted {
 public:
  explicit Counted(std::shared_ptr<rpc::CallCount> calls)
      : calls_(std::move(calls)) {
    calls_->Begin();
  }
  ~Counted() { calls_->End(); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  const std::shared_ptr<rpc::CallCount> calls_;
};

// One Generate call: reads responses as they come. Owned by gRPC until OnDone,
// by the shared pointer to itself.
class Reader : public grpc::ClientReadReactor<v1::GenerateResponse> {
 public:
  Reader(std::shared_ptr<GenerateObserver> observer,
         std::shared_ptr<rpc::CallCount> calls)
      : counted_(std::move(calls)), observer_(std::move(observer)) {}

  void Start(v1::Verifier::Stub* stub, v1::GenerateRequest request,
             std::shared_ptr<Reader> self) {
    request_ = std::move(request);
    self_ = std::move(self);
    stub->async()->Generate(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;  // the end; OnDone says which
    if (const auto observer = Observer()) {
      observer->OnResponse(std::move(response_));
    }
    response_.Clear();
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    if (const auto observer = Observer()) {
      observer->OnDone(rpc::FromGrpc(status));
    }
    Detach();
    const std::shared_ptr<Reader> self = std::move(self_);  // may be the last
  }

  void Cancel() { context_.TryCancel(); }

  void Detach() {
    std::shared_ptr<GenerateObserver> dropped;
    std::lock_guard<std::mutex> lock(mutex_);
    dropped.swap(observer_);
  }

 private:
  std::shared_ptr<GenerateObserver> Observer() {
    std::lock_guard<std::mutex> lock(mutex_);
    return observer_;
  }

  const Counted counted_;  // first: told of the end after the context's
  grpc::ClientContext context_;
  v1::GenerateRequest request_;
  v1::GenerateResponse response_;
  std::shared_ptr<Reader> self_;
  std::mutex mutex_;
  std::shared_ptr<GenerateObserver> observer_;  // by mutex_
};

class Call : public GenerateCall {
 public:
  explicit Call(std::shared_ptr<Reader> reader) : reader_(std::move(reader)) {}
  ~Call() override {
    reader_->Detach();
    reader_->Cancel();
  }
  void Cancel() override { reader_->Cancel(); }

 private:
  const std::shared_ptr<Reader> reader_;
};

// A unary call's parts, alive until its callback.
template <typename Request, typename Response>
struct Unary {
  explicit Unary(std::shared_ptr<rpc::CallCount> calls)
      : counted(std::move(calls)) {}

  const Counted counted;  // first: told of the end after the context's
  grpc::ClientContext context;
  Request request;
  Response response;
  Callback<Response> done;
};

class GrpcClient : public VerifierClient {
 public:
  GrpcClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline)
      : stub_(v1::Verifier::NewStub(std::move(channel))), deadline_(deadline) {}

  // Waits for calls that have not ended: should the channel's last user be a
  // thread of gRPC's own, gRPC would wait there for that very thread.
  ~GrpcClient() override { calls_->WaitForNone(kLongestWait); }

  std::unique_ptr<GenerateCall> Generate(
      v1::GenerateRequest request,
      std::shared_ptr<GenerateObserver> observer) override {
    auto reader = std::make_shared<Reader>(std::move(observer), calls_);
    reader->Start(stub_.get(), std::move(request), reader);
    return std::make_unique<Call>(std::move(reader));
  }

  void Tokenize(v1::TokenizeRequest request,
                Callback<v1::TokenizeResponse> done) override {
    auto unary = Make(std::move(request), std::move(done));
    auto finish = Finish(unary);
    stub_->async()->Tokenize(&unary->context, &unary->request, &unary->response,
                             std::move(finish));
  }

  void Detokenize(v1::DetokenizeRequest request,
                  Callback<v1::DetokenizeResponse> done) override {
    auto unary = Make(std::move(request), std::move(done));
    auto finish = Finish(unary);
    stub_->async()->Detokenize(&unary->context, &unary->request,
                               &unary->response, std::move(finish));
  }

  void ModelInfo(Callback<v1::ModelInfoResponse> done) override {
    auto unary = Make(v1::ModelInfoRequest(), std::move(done));
    auto finish = Finish(unary);
    stub_->async()->ModelInfo(&unary->context, &unary->request,
                              &unary->response, std::move(finish));
  }

  void Metrics(Callback<v1::MetricsResponse> done) override {
    auto unary = Make(v1::MetricsRequest(), std::move(done));
    auto finish = Finish(unary);
    stub_->async()->Metrics(&unary->context, &unary->request, &unary->response,
                            std::move(finish));
  }

 private:
  template <typename Request, typename Response>
  std::shared_ptr<Unary<Request, Response>> Make(Request request,
                                                 Callback<Response> done) {
    auto unary = std::make_shared<Unary<Request, Response>>(calls_);
    unary->request = std::move(request);
    unary->done = std::move(done);
    unary->context.set_deadline(absl::ToChronoTime(absl::Now() + deadline_));
    return unary;
  }

  template <typename Request, typename Response>
  std::function<void(grpc::Status)> Finish(
      std::shared_ptr<Unary<Request, Response>> unary) {
    return [unary = std::move(unary)](grpc::Status status) mutable {
      const Callback<Response> done = std::move(unary->done);
      absl::StatusOr<Response> result =
          status.ok() ? absl::StatusOr<Response>(std::move(unary->response))
                      : absl::StatusOr<Response>(rpc::FromGrpc(status));
      unary.reset();  // the context, before anybody is told
      done(std::move(result));
    };
  }

  const std::shared_ptr<rpc::CallCount> calls_ =
      std::make_shared<rpc::CallCount>();
  const std::unique_ptr<v1::Verifier::Stub> stub_;
  const absl::Duration deadline_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<VerifierClient>> CreateGrpcClient(
    const std::string& address, const GrpcClientOptions& options) {
  ASSIGN_OR_RETURN(std::shared_ptr<grpc::Channel> channel,
                   rpc::OpenChannel(address, options.channel));
  return std::make_unique<GrpcClient>(std::move(channel), options.deadline);
}

}  // namespace tessera::verifier
