// VerifierClient: how everybody else asks a verifier. One interface, whether
// the verifier is in this process (services/verifier/local_client.h) or behind
// an address (grpc_client.h).
//
// Nothing blocks; answers come by callbacks, on a thread of the client's, which
// they must not hold up.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/verifier.pb.h"

namespace tessera::verifier {

// Told of one generation, one call at a time, in order.
class GenerateObserver {
 public:
  virtual ~GenerateObserver() = default;
  virtual void OnResponse(v1::GenerateResponse response) = 0;
  // The last call. OK: the response before it held `usage`. Otherwise:
  // InvalidArgument  the request is at fault; the message starts with the
  //                  field's name, as in the proto ("max_tokens: ...")
  // ResourceExhausted  the queue is full: nothing was computed, try later
  // Unavailable      the verifier is loading, draining or gone
  // DeadlineExceeded, Cancelled, Internal
  virtual void OnDone(absl::Status status) = 0;
};

// A generation under way.
class GenerateCall {
 public:
  // Cancels if it is not done. No call of the observer begins after the
  // destructor returned (one under way on another thread may end later).
  virtual ~GenerateCall() = default;
  // The verifier stops within a step; OnDone(Cancelled) follows, unless the
  // generation is done.
  virtual void Cancel() = 0;
};

template <typename Response>
using Callback = std::function<void(absl::StatusOr<Response>)>;

class VerifierClient {
 public:
  virtual ~VerifierClient() = default;

  virtual std::unique_ptr<GenerateCall> Generate(
      v1::GenerateRequest request,
      std::shared_ptr<GenerateObserver> observer) = 0;
  virtual void Tokenize(v1::TokenizeRequest request,
                        Callback<v1::TokenizeResponse> done) = 0;
  virtual void Detokenize(v1::DetokenizeRequest request,
                          Callback<v1::DetokenizeResponse> done) = 0;
  virtual void ModelInfo(Callback<v1::ModelInfoResponse> done) = 0;
  // Metrics that are not in this process's own registry.
  virtual void Metrics(Callback<v1::MetricsResponse> done) = 0;
};

}  // namespace tessera::verifier
