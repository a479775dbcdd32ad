// ApiError: an error as OpenAI's API tells it.
//
//   {"error":{"message":"...","type":"invalid_request_error","param":"n",
//             "code":null}}
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "libs/http/server.h"

namespace tessera::gateway {

struct ApiError {
  int status = 500;
  std::string message;
  std::string param;  // empty: null
  std::string code;   // empty: null
  // From 429 and 503 on; others have none.
  int retry_after_seconds = 1;
};

// InvalidArgument, OutOfRange, FailedPrecondition 400, NotFound 404,
// ResourceExhausted 429, Unavailable and Cancelled 503, DeadlineExceeded 408
// (which clients try again), everything else 500 "internal error" with no
// detail of it. A message "name: words" names the field of the request that is
// at fault.
ApiError ApiErrorFromStatus(const absl::Status& status);

// One line of JSON, valid whatever the message is.
std::string ErrorBody(const ApiError& error);
http::Response ErrorResponse(const ApiError& error);

// http::ServerOptions::error_body.
std::pair<std::string, std::string> ServerErrorBody(int status,
                                                    absl::string_view message);

}  // namespace tessera::gateway
