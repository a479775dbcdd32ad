#include "services/gateway/handle_tokenize.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/json/json_text.h"
#include "services/gateway/read_request.h"
#include "services/gateway/tokenize_request.h"
#include "services/gateway/usage_text.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

std::string TokensJson(const v1::TokenizeResponse& response,
                       bool return_token_strs) {
  std::string json = absl::StrCat("{\"count\":", response.ids_size(),
                                  ",\"max_model_len\":", response.context_len(),
                                  ",\"tokens\":");
  AppendTokenIds(response.ids(), &json);
  absl::StrAppend(&json, ",\"token_strs\":");
  if (!return_token_strs) {
    absl::StrAppend(&json, "null}");
    return json;
  }
  json.push_back('[');
  absl::string_view separator = "";
  for (const std::string& text : response.token_texts()) {
    absl::StrAppend(&json, separator);
    AppendJsonString(text, &json);
    separator = ",";
  }
  absl::StrAppend(&json, "]}");
  return json;
}

void SendJson(const Visit& visit, std::string json) {
  http::Response response;
  response.body = std::move(json);
  visit.exchange->Send(std::move(response));
}

}  // namespace

void HandleTokenize(const std::shared_ptr<GatewayState>& state, Visit visit) {
  const auto read = [state](const Visit& visit, const JsonField& root,
                            const ServedModel& model) {
    const absl::StatusOr<TokenizeRequest> request =
        ParseTokenizeRequest(root, model);
    if (!request.ok()) return SendError(visit, request.status());
    const bool return_strs = request->return_token_strs;
    state->client->Tokenize(
        request->call,
        [visit,
         return_strs](const absl::StatusOr<v1::TokenizeResponse>& response) {
          if (!response.ok()) return SendError(visit, response.status());
          SendJson(visit, TokensJson(*response, return_strs));
        });
  };
  ReadRequest(state, std::move(visit), read);
}

void HandleDetokenize(const std::shared_ptr<GatewayState>& state, Visit visit) {
  const auto read = [state](const Visit& visit, const JsonField& root,
                            const ServedModel& model) {
    const absl::StatusOr<v1::DetokenizeRequest> request =
        ParseDetokenizeRequest(root, model);
    if (!request.ok()) return SendError(visit, request.status());
    state->client->Detokenize(
        *request,
        [visit](const absl::StatusOr<v1::DetokenizeResponse>& response) {
          if (!response.ok()) return SendError(visit, response.status());
          std::string json = "{\"prompt\":";
          AppendJsonString(response->text(), &json);
          json.push_back('}');
          SendJson(visit, std::move(json));
        });
  };
  ReadRequest(state, std::move(visit), read);
}

}  // namespace tessera::gateway
