#include "services/verifier/generate_stream.h"

#include <utility>

#include "absl/time/clock.h"
#include "libs/log/log.h"
#include "libs/rpc/status.h"

namespace tessera::verifier {

class GenerateStream::Observer : public GenerateObserver {
 public:
  explicit Observer(std::shared_ptr<State> state) : state_(std::move(state)) {}

  void OnResponse(v1::GenerateResponse response) override {
    std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->stream == nullptr || state_->has_end) return;
    if (state_->waiting.size() >= kMaxWaitingResponses) {
      state_->waiting.clear();
      state_->has_end = true;
      state_->end =
          absl::ResourceExhaustedError("the client does not read its answer");
    } else {
      state_->waiting.push_back(std::move(response));
    }
    Advance(state_.get());
  }

  void OnDone(absl::Status status) override {
    std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->stream == nullptr || state_->has_end) return;
    state_->has_end = true;
    state_->end = std::move(status);
    Advance(state_.get());
  }

 private:
  const std::shared_ptr<State> state_;
};

GenerateStream::GenerateStream(Verifier* verifier)
    : verifier_(verifier),
      start_(absl::Now()),
      state_(std::make_shared<State>()) {
  state_->stream = this;
}

void GenerateStream::Start(const v1::GenerateRequest& request) {
  // gRPC may cancel, even end, the call while this runs.
  std::lock_guard<std::mutex> lock(call_mutex_);
  request_id_ = request.request_id();
  call_ = verifier_->Generate(request, std::make_shared<Observer>(state_));
  if (is_cancelled_) call_->Cancel();
}

void GenerateStream::Advance(State* state) {
  if (state->is_writing) return;
  GenerateStream* stream = state->stream;
  if (!state->waiting.empty()) {
    state->is_writing = true;
    stream->StartWrite(&state->waiting.front());
  } else if (state->has_end) {
    state->stream = nullptr;
    stream->Finish(rpc::ToGrpc(state->end));
  }
}

void GenerateStream::OnWriteDone(bool ok) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  state_->is_writing = false;
  state_->waiting.pop_front();
  if (!ok) {
    state_->waiting.clear();
    state_->has_end = true;
    state_->end = absl::CancelledError("the client is gone");
  }
  Advance(state_.get());
}

void GenerateStream::OnCancel() {
  std::lock_guard<std::mutex> lock(call_mutex_);
  is_cancelled_ = true;
  if (call_ != nullptr) call_->Cancel();
}

void GenerateStream::OnDone() {
  absl::Status end;
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    end = state_->end;
  }
  log::Event(log::kInfo, "generation finished",
             {{"request_id", request_id_},
              {"status", absl::StatusCodeToString(end.code())},
              {"seconds", absl::ToDoubleSeconds(absl::Now() - start_)}});
  delete this;
}

}  // namespace tessera::verifier
