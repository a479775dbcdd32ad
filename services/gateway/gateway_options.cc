#include "services/gateway/gateway_options.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::gateway {
namespace {

// A header's value: no line break may slip into an answer.
bool IsOrigin(absl::string_view text) {
  const bool is_printable = std::all_of(
      text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
  return text == "*" || (is_printable && (absl::StartsWith(text, "http://") ||
                                          absl::StartsWith(text, "https://")));
}

}  // namespace

absl::Status GatewayOptions::Validate() const {
  RETURN_IF_ERROR(http.Validate());
  if (!cors_origin.empty() && !IsOrigin(cors_origin)) {
    return absl::InvalidArgumentError(
        "cors-origin must be *, or like https://example.org");
  }
  if (max_requests_per_key < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("max-requests-per-key must not be negative, not ",
                     max_requests_per_key));
  }
  if (max_request_tokens < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "max-request-tokens must be at least 1, not ", max_request_tokens));
  }
  const auto is_empty = [](const std::string& name) { return name.empty(); };
  if (std::any_of(model_aliases.begin(), model_aliases.end(), is_empty)) {
    return absl::InvalidArgumentError("model-alias must not be empty");
  }
  return absl::OkStatus();
}

}  // namespace tessera::gateway
