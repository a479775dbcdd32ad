#include "services/gateway/model_watch.h"

#include <utility>

#include "absl/time/clock.h"

namespace tessera::gateway {
namespace {

constexpr absl::Duration kFresh = absl::Seconds(1);

absl::StatusOr<ServedModel> FromResponse(
    const absl::StatusOr<verifier::v1::ModelInfoResponse>& response,
    const std::vector<std::string>& aliases) {
  if (!response.ok()) return response.status();
  if (response->name().empty() || response->context_len() < 1 ||
      response->vocab_size() < 1) {
    return absl::InternalError("the verifier does not know its model");
  }
  ServedModel model;
  model.names.push_back(response->name());
  model.names.insert(model.names.end(), aliases.begin(), aliases.end());
  model.context_len = response->context_len();
  model.vocab_size = response->vocab_size();
  model.created_unix_seconds = response->created_unix_seconds();
  return model;
}

}  // namespace

ModelWatch::ModelWatch(verifier::VerifierClient* client,
                       std::vector<std::string> aliases)
    : client_(client), state_(std::make_shared<State>()) {
  state_->aliases = std::move(aliases);
}

void ModelWatch::Get(Told told) {
  std::optional<ServedModel> known;
  bool is_old = false;
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    known = state_->model;
    is_old = absl::Now() - state_->asked > kFresh;
  }
  if (!known.has_value()) return GetFresh(std::move(told));
  if (is_old) GetFresh([](const absl::StatusOr<ServedModel>&) {});
  told(*std::move(known));
}

void ModelWatch::GetFresh(Told told) {
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    state_->asked = absl::Now();
  }
  client_->ModelInfo(
      [state = state_, told = std::move(told)](
          const absl::StatusOr<verifier::v1::ModelInfoResponse>& response) {
        absl::StatusOr<ServedModel> model =
            FromResponse(response, state->aliases);
        {
          std::lock_guard<std::mutex> lock(state->mutex);
          state->model.reset();
          if (model.ok()) state->model = *model;
        }
        told(std::move(model));
      });
}

}  // namespace tessera::gateway
