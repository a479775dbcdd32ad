// A verifier that a test plays. One thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/verifier/client/verifier_client.h"

namespace tessera::gateway {

class FakeVerifier : public verifier::VerifierClient {
 public:
  struct Call {
    verifier::v1::GenerateRequest request;
    std::shared_ptr<verifier::GenerateObserver> observer;
    bool is_cancelled = false;
    bool is_dropped = false;  // its GenerateCall is gone
  };

  // Model "tiny": 100 tokens of context, a vocabulary of 256 bytes.
  FakeVerifier();

  // Of every Generate, in order. The test answers by `observer`.
  std::vector<std::shared_ptr<Call>> calls;
  // If set: answers at once, within Generate.
  std::function<void(Call&)> script;
  // What ModelInfo, Tokenize and Detokenize answer; an error in its place.
  absl::StatusOr<verifier::v1::ModelInfoResponse> info;
  absl::Status unary_error;
  std::string exposition;  // what Metrics answers
  // If set: ModelInfo is kept here in place of an answer.
  bool holds_info = false;
  std::vector<verifier::Callback<verifier::v1::ModelInfoResponse>> held_infos;

  std::unique_ptr<verifier::GenerateCall> Generate(
      verifier::v1::GenerateRequest request,
      std::shared_ptr<verifier::GenerateObserver> observer) override;
  // A token a byte.
  void Tokenize(
      verifier::v1::TokenizeRequest request,
      verifier::Callback<verifier::v1::TokenizeResponse> done) override;
  void Detokenize(
      verifier::v1::DetokenizeRequest request,
      verifier::Callback<verifier::v1::DetokenizeResponse> done) override;
  void ModelInfo(
      verifier::Callback<verifier::v1::ModelInfoResponse> done) override;
  void Metrics(verifier::Callback<verifier::v1::MetricsResponse> done) override;
};

// Responses, as the text format of protocol buffers.
verifier::v1::GenerateResponse Response(const char* text);

}  // namespace tessera::gateway
