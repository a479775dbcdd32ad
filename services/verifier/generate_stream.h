// GenerateStream: one Generate call of a gRPC client.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/support/server_callback.h"
#include "proto/verifier.pb.h"
#include "services/verifier/client/verifier_client.h"
#include "services/verifier/verifier.h"

namespace tessera::verifier {

// Responses that wait for a client that does not read: more and the call is
// given up. A token's is some 100 bytes.
inline constexpr size_t kMaxWaitingResponses = 4096;

// Written by the engine's thread, drained by gRPC's. gRPC owns it until OnDone;
// the verifier keeps its other half, the observer.
class GenerateStream : public grpc::ServerWriteReactor<v1::GenerateResponse> {
 public:
  explicit GenerateStream(Verifier* verifier);

  // Once, after the constructor.
  void Start(const v1::GenerateRequest& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  // Logs the request's end.
  void OnDone() override;

 private:
  // What both halves see.
  struct State {
    std::mutex mutex;
    GenerateStream* stream;  // null once gRPC is told the end
    std::deque<v1::GenerateResponse> waiting;
    bool is_writing = false;
    bool has_end = false;
    absl::Status end;
  };
  class Observer;

  // With state->mutex held: starts the next write, or ends the call.
  static void Advance(State* state);

  Verifier* const verifier_;
  const absl::Time start_;
  const std::shared_ptr<State> state_;
  std::string request_id_;
  std::mutex call_mutex_;
  bool is_cancelled_ = false;           // by call_mutex_
  std::unique_ptr<GenerateCall> call_;  // by call_mutex_
};

}  // namespace tessera::verifier
