#include "services/gateway/read_request.h"

#include <utility>

#include "libs/json/json.h"
#include "services/gateway/api_error.h"

namespace tessera::gateway {
namespace {

// A prompt's token ids are most of them.
constexpr JsonLimits kLimits = {.max_depth = 64, .max_values = 1 << 20};

}  // namespace

void SendError(const Visit& visit, const absl::Status& status) {
  visit.exchange->Send(ErrorResponse(ApiErrorFromStatus(status)));
}

void ReadRequest(
    const std::shared_ptr<GatewayState>& state, Visit visit,
    std::function<void(const Visit&, const JsonField&, const ServedModel&)>
        read) {
  absl::StatusOr<nlohmann::json> json = ParseJson(visit.request.body, kLimits);
  if (!json.ok()) return SendError(visit, json.status());
  visit.request.body = std::string();  // may be large
  // std::function's contents have to be copyable.
  auto root = std::make_shared<const nlohmann::json>(*std::move(json));
  auto shared = std::make_shared<const Visit>(std::move(visit));
  state->models.Get([root, shared, read = std::move(read)](
                        const absl::StatusOr<ServedModel>& model) {
    if (!model.ok()) return SendError(*shared, model.status());
    read(*shared, JsonField(root.get(), ""), *model);
  });
}

}  // namespace tessera::gateway
