#include "services/verifier/verifier_service.h"

#include <memory>
#include <mutex>
#include <utility>

#include "libs/rpc/status.h"
#include "services/verifier/generate_stream.h"

namespace tessera::verifier {
namespace {

template <typename Response>
Callback<Response> Answer(grpc::ServerUnaryReactor* reactor,
                          Response* response) {
  return [reactor, response](absl::StatusOr<Response> answer) {
    if (answer.ok()) *response = *std::move(answer);
    reactor->Finish(rpc::ToGrpc(answer.status()));
  };
}

// A Score call: a client that goes away cancels what is computed for it.
class ScoreReactor : public grpc::ServerUnaryReactor {
 public:
  void Start(Verifier* verifier, const v1::ScoreRequest& request,
             v1::ScoreResponse* response) {
    std::lock_guard<std::mutex> lock(mutex_);
    call_ = verifier->Score(request, Answer(this, response));
    if (is_cancelled_) call_->Cancel();
  }
  void OnCancel() override {
    std::lock_guard<std::mutex> lock(mutex_);
    is_cancelled_ = true;
    if (call_ != nullptr) call_->Cancel();
  }
  void OnDone() override { delete this; }

 private:
  std::mutex mutex_;
  bool is_cancelled_ = false;           // by mutex_
  std::unique_ptr<GenerateCall> call_;  // by mutex_
};

}  // namespace

grpc::ServerWriteReactor<v1::GenerateResponse>* VerifierService::Generate(
    grpc::CallbackServerContext* context, const v1::GenerateRequest* request) {
  auto* stream = new GenerateStream(verifier_);
  stream->Start(*request);
  return stream;
}

grpc::ServerUnaryReactor* VerifierService::Tokenize(
    grpc::CallbackServerContext* context, const v1::TokenizeRequest* request,
    v1::TokenizeResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  verifier_->Tokenize(*request, Answer(reactor, response));
  return reactor;
}

grpc::ServerUnaryReactor* VerifierService::Detokenize(
    grpc::CallbackServerContext* context, const v1::DetokenizeRequest* request,
    v1::DetokenizeResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  verifier_->Detokenize(*request, Answer(reactor, response));
  return reactor;
}

grpc::ServerUnaryReactor* VerifierService::Score(
    grpc::CallbackServerContext* context, const v1::ScoreRequest* request,
    v1::ScoreResponse* response) {
  auto* reactor = new ScoreReactor();
  reactor->Start(verifier_, *request, response);
  return reactor;
}

grpc::ServerUnaryReactor* VerifierService::ModelInfo(
    grpc::CallbackServerContext* context, const v1::ModelInfoRequest* request,
    v1::ModelInfoResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  Answer(reactor, response)(verifier_->ModelInfo());
  return reactor;
}

grpc::ServerUnaryReactor* VerifierService::Metrics(
    grpc::CallbackServerContext* context, const v1::MetricsRequest* request,
    v1::MetricsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  *response = verifier_->Metrics();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace tessera::verifier
