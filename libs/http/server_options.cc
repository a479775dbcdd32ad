#include "libs/http/server_options.h"

#include <tuple>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::http {
namespace {

absl::Status CheckRange(absl::string_view name, int64_t value, int64_t min,
                        int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " ", value, ": must be from ", min, " to ", max));
}

absl::Status CheckPositive(absl::string_view name, absl::Duration value) {
  if (value > absl::ZeroDuration()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      name, " ", absl::FormatDuration(value), ": must be more than 0"));
}

}  // namespace

absl::Status ServerOptions::Validate() const {
  constexpr int64_t kMaxBytes = int64_t{1} << 40;
  RETURN_IF_ERROR(CheckRange("port", port, 0, 65535));
  RETURN_IF_ERROR(CheckRange("num_threads", num_threads, 1, 256));
  RETURN_IF_ERROR(CheckRange("max_connections", max_connections, 1, 1 << 24));
  RETURN_IF_ERROR(
      CheckRange("max_header_bytes", max_header_bytes, 256, 16 << 20));
  RETURN_IF_ERROR(CheckRange("max_body_bytes", max_body_bytes, 0, kMaxBytes));
  RETURN_IF_ERROR(CheckRange("max_send_bytes", max_send_bytes, 1, kMaxBytes));
  RETURN_IF_ERROR(
      CheckRange("socket_send_bytes", socket_send_bytes, 0, 1 << 30));
  RETURN_IF_ERROR(CheckPositive("header_timeout", header_timeout));
  RETURN_IF_ERROR(CheckPositive("body_timeout", body_timeout));
  RETURN_IF_ERROR(CheckPositive("idle_timeout", idle_timeout));
  RETURN_IF_ERROR(CheckPositive("send_timeout", send_timeout));
  return CheckPositive("linger_timeout", linger_timeout);
}

Response ServerOptions::ErrorResponse(int status,
                                      absl::string_view message) const {
  Response response{.status = status};
  if (error_body) {
    std::tie(response.body, response.content_type) =
        error_body(status, message);
  } else {
    response.body = absl::StrCat(message, "\n");
    response.content_type = "text/plain; charset=utf-8";
  }
  return response;
}

}  // namespace tessera::http
