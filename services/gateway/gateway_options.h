// GatewayOptions: how the gateway listens, whom it lets in, what it bounds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "libs/http/server.h"
#include "services/gateway/static_file.h"

namespace tessera::gateway {

struct GatewayOptions {
  http::ServerOptions http;
  // Beside the model's own name, which it answers to as well.
  std::vector<std::string> model_aliases;
  std::string api_keys_file;  // empty: everybody may ask
  // Of the secret that callers' salts are made under (caller_salt.h); empty:
  // there is none, or one drawn at the start.
  std::string salt_secret_file;
  std::string cors_origin;  // empty: no cross-origin page may; "*": any
  // Unfinished generations of one key (of everybody, without keys); 0: any.
  int max_requests_per_key = 0;
  // Choices x max_tokens of one request.
  int64_t max_request_tokens = 1 << 20;
  // Whether prompts are logged: they are what users said.
  bool log_prompts = false;
  std::string version = "0.1.0";  // told by /version
  // The file at a path ("/" is the page), null where there is none.
  std::function<const StaticFile*(absl::string_view path)> static_files;

  absl::Status Validate() const;
};

}  // namespace tessera::gateway
