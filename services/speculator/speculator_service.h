// SpeculatorService: a speculator over gRPC. Its calls wait for each other on
// the thread that owns the model; a call whose deadline passed while it waited
// is not computed.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/speculator.grpc.pb.h"
#include "services/speculator/call_queue.h"
#include "services/speculator/propose_call.h"
#include "services/speculator/speculator.h"

namespace tessera::speculator {

inline constexpr char kServiceName[] = "tessera.speculator.v1.Speculator";

struct LoadedSpeculator {
  std::unique_ptr<Speculator> speculator;
  v1::ModelInfoResponse info;
};

class SpeculatorService : public v1::Speculator::CallbackService {
 public:
  // Calls `load` on the model's thread, then `loaded` with what came of it.
  // Until then, and after an error, calls are Unavailable.
  SpeculatorService(std::function<absl::StatusOr<LoadedSpeculator>()> load,
                    std::function<void(absl::Status)> loaded);

  // As ProposeHandler::Propose; besides, Unavailable: it is not loaded;
  // ResourceExhausted: too many calls wait; DeadlineExceeded.
  grpc::ServerUnaryReactor* Propose(grpc::CallbackServerContext* context,
                                    const v1::ProposeRequest* request,
                                    v1::ProposeResponse* response) override;
  grpc::ServerUnaryReactor* ModelInfo(grpc::CallbackServerContext* context,
                                      const v1::ModelInfoRequest* request,
                                      v1::ModelInfoResponse* response) override;

 private:
  absl::Status ProposeNow(absl::Time deadline,
                          const v1::ProposeRequest& request,
                          v1::ProposeResponse* response);

  // Set on the model's thread before is_loaded_.
  LoadedSpeculator loaded_;
  std::unique_ptr<ProposeHandler> handler_;
  std::atomic<bool> is_loaded_ = false;
  CallQueue queue_;  // last: its calls use the rest
};

}  // namespace tessera::speculator
