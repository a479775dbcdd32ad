#include "services/gateway/handle_request.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/gateway/api_error.h"
#include "services/gateway/handle_generation.h"
#include "services/gateway/handle_information.h"
#include "services/gateway/handle_tokenize.h"

namespace tessera::gateway {
namespace {

struct Route {
  absl::string_view path;
  absl::string_view method;
  bool needs_key;
  VisitHandler handler;
};

constexpr Route kRoutes[] = {
    {"/v1/chat/completions", "POST", true, HandleChat},
    {"/v1/completions", "POST", true, HandleCompletion},
    {"/v1/models", "GET", true, HandleModels},
    {"/v1/models/", "GET", true, HandleModel},  // and a name
    {"/tokenize", "POST", true, HandleTokenize},
    {"/detokenize", "POST", true, HandleDetokenize},
    {"/version", "GET", true, HandleVersion},
    {"/health", "GET", false, HandleHealth},
    {"/metrics", "GET", false, HandleMetrics},
};

constexpr Route kStatic = {"static", "GET", false, HandleStaticFile};

const Route* FindRoute(const GatewayState& state, absl::string_view path) {
  for (const Route& route : kRoutes) {
    const bool has_name = absl::EndsWith(route.path, "/");
    if (has_name ? absl::StartsWith(path, route.path) &&
                       path.size() > route.path.size()
                 : path == route.path) {
      return &route;
    }
  }
  const auto& files = state.options.static_files;
  return files && files(path) != nullptr ? &kStatic : nullptr;
}

void Refuse(const Visit& visit, int status, std::string message,
            std::string code, std::vector<http::Header> headers = {}) {
  ApiError error;
  error.status = status;
  error.message = std::move(message);
  error.code = std::move(code);
  http::Response response = ErrorResponse(error);
  for (http::Header& header : headers) {
    response.headers.push_back(std::move(header));
  }
  visit.exchange->Send(std::move(response));
}

// A GET's path answers HEAD too, the server leaving out the body.
bool Takes(const Route& route, absl::string_view method) {
  return method == route.method || (route.method == "GET" && method == "HEAD");
}

// The names of headers, which go back as they came.
std::string HeaderNames(absl::string_view names) {
  const bool is_plain = std::all_of(names.begin(), names.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == ',' ||
           c == ' ';
  });
  return is_plain && !names.empty() ? std::string(names)
                                    : "Authorization, Content-Type";
}

// What a browser asks before it lets a page of another origin ask.
void AnswerPreflight(const Visit& visit) {
  http::Response response;
  response.status = 204;
  response.headers = {
      {"Access-Control-Allow-Methods", "GET, POST, OPTIONS"},
      {"Access-Control-Allow-Headers",
       HeaderNames(visit.request.header("access-control-request-headers"))},
      {"Access-Control-Max-Age", "600"}};
  visit.exchange->Send(std::move(response));
}

void AllowOrigin(const GatewayState& state, ObservedExchange* exchange) {
  const std::string& origin = state.options.cors_origin;
  if (origin.empty()) return;
  exchange->AddHeader("Access-Control-Allow-Origin", origin);
  exchange->AddHeader("Access-Control-Expose-Headers",
                      "X-Request-Id, Retry-After");
  if (origin != "*") exchange->AddHeader("Vary", "Origin");
}

RequestRecord NewRecord(const http::Request& request, const Route* route) {
  RequestRecord record;
  record.method = request.method;
  record.route = route == nullptr ? "other" : std::string(route->path);
  record.request_bytes = static_cast<int64_t>(request.body.size());
  record.start = absl::Now();
  return record;
}

void Dispatch(const std::shared_ptr<GatewayState>& state, const Route* route,
              Visit visit) {
  if (visit.request.method == "OPTIONS" &&
      !state->options.cors_origin.empty()) {
    return AnswerPreflight(visit);
  }
  if (route == nullptr) {
    return Refuse(visit, 404, "there is nothing at this path", "not_found");
  }
  if (!Takes(*route, visit.request.method)) {
    const std::string allowed =
        route->method == "GET" ? "GET, HEAD" : std::string(route->method);
    return Refuse(visit, 405, absl::StrCat("this path takes ", allowed),
                  "method_not_allowed", {{"Allow", allowed}});
  }
  if (route->needs_key) {
    std::optional<Caller> caller =
        state->keys->Check(visit.request.header("authorization"));
    if (!caller.has_value()) {
      return Refuse(visit, 401,
                    "a valid API key is needed: Authorization: Bearer KEY",
                    "invalid_api_key", {{"WWW-Authenticate", "Bearer"}});
    }
    visit.caller = *std::move(caller);
    visit.exchange->record().caller = visit.caller.name;
  }
  route->handler(state, std::move(visit));
}

}  // namespace

void HandleRequest(const std::shared_ptr<GatewayState>& state,
                   http::Request request,
                   std::shared_ptr<http::Exchange> exchange) {
  const Route* route = FindRoute(*state, request.path);
  auto observed = std::make_shared<ObservedExchange>(
      std::move(exchange), NewRecord(request, route),
      [state](const RequestRecord& record) {
        const double seconds =
            absl::ToDoubleSeconds(absl::Now() - record.start);
        state->metrics.Add(record, seconds);
        LogRequest(record, seconds);
      });
  AllowOrigin(*state, observed.get());
  if (state->is_draining) observed->AddHeader("Connection", "close");
  Dispatch(state, route, {std::move(request), std::move(observed), Caller()});
}

}  // namespace tessera::gateway
