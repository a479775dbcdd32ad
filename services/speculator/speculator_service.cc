#include "services/speculator/speculator_service.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "libs/rpc/status.h"

namespace tessera::speculator {
namespace {

// Each is one verifier's engine that waits.
constexpr int kMaxWaiting = 64;
// A caller without a deadline, or with a late one, has this.
constexpr absl::Duration kLongest = absl::Seconds(10);
// The share of a call's time that is computed; the rest is the way back.
constexpr double kComputeShare = 0.8;

absl::Status NotLoaded() {
  return absl::UnavailableError("the draft model is not loaded");
}

}  // namespace

SpeculatorService::SpeculatorService(
    std::function<absl::StatusOr<LoadedSpeculator>()> load,
    std::function<void(absl::Status)> loaded)
    : queue_(kMaxWaiting) {
  queue_.Run([this, load = std::move(load), loaded = std::move(loaded)] {
    absl::StatusOr<LoadedSpeculator> result = load();
    if (result.ok()) {
      loaded_ = *std::move(result);
      handler_ = std::make_unique<ProposeHandler>(loaded_.speculator.get());
      is_loaded_ = true;
    }
    loaded(result.status());
  });
}

absl::Status SpeculatorService::ProposeNow(absl::Time deadline,
                                           const v1::ProposeRequest& request,
                                           v1::ProposeResponse* response) {
  const absl::Time now = absl::Now();
  const absl::Duration left = std::min(deadline - now, kLongest);
  if (left <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError("it waited until its deadline");
  }
  return handler_->Propose(request, now + kComputeShare * left, response);
}

grpc::ServerUnaryReactor* SpeculatorService::Propose(
    grpc::CallbackServerContext* context, const v1::ProposeRequest* request,
    v1::ProposeResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (!is_loaded_) {
    reactor->Finish(rpc::ToGrpc(NotLoaded()));
    return reactor;
  }
  const absl::Time deadline = absl::FromChrono(context->deadline());
  const bool is_queued =
      queue_.Run([this, deadline, request, response, reactor] {
        reactor->Finish(rpc::ToGrpc(ProposeNow(deadline, *request, response)));
      });
  if (!is_queued) {
    reactor->Finish(rpc::ToGrpc(
        absl::ResourceExhaustedError("too many calls wait for drafts")));
  }
  return reactor;
}

grpc::ServerUnaryReactor* SpeculatorService::ModelInfo(
    grpc::CallbackServerContext* context, const v1::ModelInfoRequest* request,
    v1::ModelInfoResponse* response) {
  const bool is_loaded = is_loaded_;
  if (is_loaded) *response = loaded_.info;
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(rpc::ToGrpc(is_loaded ? absl::OkStatus() : NotLoaded()));
  return reactor;
}

}  // namespace tessera::speculator
