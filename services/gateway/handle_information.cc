#include "services/gateway/handle_information.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/json/json_text.h"
#include "libs/metrics/exposition.h"
#include "services/gateway/api_error.h"

namespace tessera::gateway {
namespace {

using ModelOr = absl::StatusOr<ServedModel>;

void SendJson(ObservedExchange* exchange, std::string json) {
  http::Response response;
  response.body = std::move(json);
  exchange->Send(std::move(response));
}

void SendError(ObservedExchange* exchange, const absl::Status& status) {
  exchange->Send(ErrorResponse(ApiErrorFromStatus(status)));
}

void AppendModel(const ServedModel& model, absl::string_view name,
                 std::string* json) {
  absl::StrAppend(json, "{\"id\":");
  AppendJsonString(name, json);
  absl::StrAppend(
      json, ",\"object\":\"model\",\"created\":", model.created_unix_seconds,
      ",\"owned_by\":\"tessera\",\"max_model_len\":", model.context_len, "}");
}

std::string ModelsJson(const ServedModel& model) {
  std::string json = "{\"object\":\"list\",\"data\":[";
  absl::string_view separator = "";
  for (const std::string& name : model.names) {
    absl::StrAppend(&json, separator);
    AppendModel(model, name, &json);
    separator = ",";
  }
  absl::StrAppend(&json, "]}");
  return json;
}

}  // namespace

void HandleHealth(const std::shared_ptr<GatewayState>& state, Visit visit) {
  if (state->is_draining) {
    return SendError(visit.exchange.get(),
                     absl::UnavailableError("draining: about to stop"));
  }
  state->models.GetFresh([exchange = visit.exchange](const ModelOr& model) {
    if (!model.ok()) return SendError(exchange.get(), model.status());
    SendJson(exchange.get(), "{\"status\":\"ok\"}");
  });
}

void HandleModels(const std::shared_ptr<GatewayState>& state, Visit visit) {
  state->models.Get([exchange = visit.exchange](const ModelOr& model) {
    if (!model.ok()) return SendError(exchange.get(), model.status());
    SendJson(exchange.get(), ModelsJson(*model));
  });
}

void HandleModel(const std::shared_ptr<GatewayState>& state, Visit visit) {
  constexpr size_t kPrefixBytes = sizeof("/v1/models/") - 1;
  std::string name = visit.request.path.substr(kPrefixBytes);
  state->models.Get([exchange = visit.exchange,
                     name = std::move(name)](const ModelOr& model) {
    if (!model.ok()) return SendError(exchange.get(), model.status());
    for (const std::string& served : model->names) {
      if (served != name) continue;
      std::string json;
      AppendModel(*model, name, &json);
      return SendJson(exchange.get(), std::move(json));
    }
    SendError(exchange.get(), absl::NotFoundError(absl::StrCat(
                                  "model: there is no \"", name, "\" here")));
  });
}

void HandleVersion(const std::shared_ptr<GatewayState>& state, Visit visit) {
  std::string json = "{\"version\":";
  AppendJsonString(state->options.version, &json);
  json.push_back('}');
  SendJson(visit.exchange.get(), std::move(json));
}

void HandleMetrics(const std::shared_ptr<GatewayState>& state, Visit visit) {
  state->client->Metrics(
      [state, exchange = visit.exchange](
          const absl::StatusOr<verifier::v1::MetricsResponse>& others) {
        http::Response response;
        response.content_type = std::string(metrics::kExpositionType);
        response.body = state->registry->Exposition();
        if (others.ok() && !others->exposition().empty()) {
          response.body =
              metrics::MergeExpositions({response.body, others->exposition()});
        }
        exchange->Send(std::move(response));
      });
}

void HandleStaticFile(const std::shared_ptr<GatewayState>& state, Visit visit) {
  const StaticFile* file = state->options.static_files(visit.request.path);
  http::Response response;
  response.content_type = std::string(file->content_type);
  response.body = std::string(file->body);
  // Nothing from outside, nor into another's frame.
  response.headers = {
      {"Content-Security-Policy",
       "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Cache-Control", "no-cache"}};
  visit.exchange->Send(std::move(response));
}

}  // namespace tessera::gateway
