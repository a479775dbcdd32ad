// One HTTP request, waited for.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace tessera::cli {

struct HttpReply {
  int status = 0;
  std::string body;
};

// POSTs JSON to http://`server``target`. server: HOST:PORT, "http://" before it
// or not. api_key: sent as a bearer's; empty: none. InvalidArgument: no such
// server can be. Unavailable, naming it: it could not be reached or did not
// answer as HTTP, with at most 64 MiB, within ten minutes.
absl::StatusOr<HttpReply> HttpPost(const std::string& server,
                                   const std::string& target,
                                   const std::string& api_key,
                                   const std::string& json);

}  // namespace tessera::cli
