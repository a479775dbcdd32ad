// ScoreObserver: a generation of no tokens into the answer of Score.
#pragma once

#include <memory>
#include <utility>

#include "services/verifier/client/verifier_client.h"

namespace tessera::verifier {

class ScoreObserver : public GenerateObserver {
 public:
  explicit ScoreObserver(Callback<v1::ScoreResponse> done)
      : done_(std::move(done)) {}

  void OnResponse(v1::GenerateResponse response) override {
    if (!response.has_prompt()) return;
    v1::PromptInfo* prompt = response.mutable_prompt();
    response_.mutable_token_ids()->Swap(prompt->mutable_token_ids());
    response_.mutable_logprobs()->Swap(prompt->mutable_logprobs());
  }

  void OnDone(absl::Status status) override {
    if (status.ok()) {
      done_(std::move(response_));
    } else {
      done_(std::move(status));
    }
  }

 private:
  const Callback<v1::ScoreResponse> done_;
  v1::ScoreResponse response_;
};

}  // namespace tessera::verifier
