// LocalClient: the verifier of this process, with no copy and no RPC.
#pragma once

#include <memory>
#include <utility>

#include "services/verifier/client/verifier_client.h"
#include "services/verifier/verifier.h"

namespace tessera::verifier {

class LocalClient : public VerifierClient {
 public:
  // `verifier` outlives the client and its calls.
  explicit LocalClient(Verifier* verifier) : verifier_(verifier) {}

  std::unique_ptr<GenerateCall> Generate(
      v1::GenerateRequest request,
      std::shared_ptr<GenerateObserver> observer) override {
    return verifier_->Generate(std::move(request), std::move(observer));
  }
  void Tokenize(v1::TokenizeRequest request,
                Callback<v1::TokenizeResponse> done) override {
    verifier_->Tokenize(std::move(request), std::move(done));
  }
  void Detokenize(v1::DetokenizeRequest request,
                  Callback<v1::DetokenizeResponse> done) override {
    verifier_->Detokenize(std::move(request), std::move(done));
  }
  void ModelInfo(Callback<v1::ModelInfoResponse> done) override {
    done(verifier_->ModelInfo());
  }
  // They are in this process's registry.
  void Metrics(Callback<v1::MetricsResponse> done) override {
    done(v1::MetricsResponse());
  }

 private:
  Verifier* const verifier_;
};

}  // namespace tessera::verifier
