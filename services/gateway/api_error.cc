#include "services/gateway/api_error.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/json/json_text.h"

namespace tessera::gateway {
namespace {

absl::string_view TypeOf(int status) {
  if (status == 401) return "authentication_error";
  if (status == 429) return "rate_limit_error";
  if (status == 503) return "service_unavailable_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

int HttpStatus(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kFailedPrecondition:
      return 400;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kDeadlineExceeded:
      return 408;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:  // by the verifier, which is stopping
      return 503;
    default:
      return 500;
  }
}

absl::string_view CodeOf(int status, absl::string_view param) {
  if (status == 404 && param == "model") return "model_not_found";
  if (status == 429) return "rate_limit_exceeded";
  if (status == 503) return "service_unavailable";
  return "";
}

// "messages[0].content" of "messages[0].content: must be ...".
absl::string_view LeadingField(absl::string_view message) {
  const auto is_part = [](char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '[' ||
           c == ']';
  };
  const size_t end = std::find_if_not(message.begin(), message.end(), is_part) -
                     message.begin();
  if (end == 0 || end == message.size() || message[end] != ':') return "";
  return message.substr(0, end);
}

void AppendOrNull(absl::string_view text, std::string* json) {
  if (text.empty()) {
    absl::StrAppend(json, "null");
  } else {
    AppendJsonString(text, json);
  }
}

}  // namespace

ApiError ApiErrorFromStatus(const absl::Status& status) {
  ApiError error;
  error.status = HttpStatus(status.code());
  if (error.status == 500) {
    error.message = "internal error";
    return error;
  }
  error.message = std::string(status.message());
  if (error.status == 400 || error.status == 404) {
    error.param = std::string(LeadingField(error.message));
  }
  error.code = std::string(CodeOf(error.status, error.param));
  return error;
}

std::string ErrorBody(const ApiError& error) {
  std::string json = "{\"error\":{\"message\":";
  AppendJsonString(error.message, &json);
  absl::StrAppend(&json, ",\"type\":\"", TypeOf(error.status), "\",\"param\":");
  AppendOrNull(error.param, &json);
  absl::StrAppend(&json, ",\"code\":");
  AppendOrNull(error.code, &json);
  absl::StrAppend(&json, "}}");
  return json;
}

http::Response ErrorResponse(const ApiError& error) {
  http::Response response;
  response.status = error.status;
  response.body = ErrorBody(error);
  if (error.status == 429 || error.status == 503) {
    response.headers.emplace_back("Retry-After",
                                  absl::StrCat(error.retry_after_seconds));
  }
  return response;
}

std::pair<std::string, std::string> ServerErrorBody(int status,
                                                    absl::string_view message) {
  ApiError error;
  error.status = status;
  error.message = std::string(message);
  return {ErrorBody(error), "application/json"};
}

}  // namespace tessera::gateway
