// Has a server compute prompts, so that its caches have them.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tessera::cli {

struct WarmingOptions {
  std::string server = "127.0.0.1:8080";  // of `tessera serve` or a gateway
  std::string api_key_file;               // empty: none
};

// One request of the API, that answers with a token at most.
struct WarmingRequest {
  std::string target;  // "/v1/completions"
  std::string body;    // JSON
};

// line: a JSON object with "messages" or "prompt", or a text.
// InvalidArgument: an object that is neither.
absl::StatusOr<WarmingRequest> MakeWarmingRequest(absl::string_view line);

// A prompt a line; empty ones are passed over. Prints each one's tokens, those
// that were cached already among them. Errors name file, line and server.
absl::Status WarmCache(const std::string& file, const WarmingOptions& options);

}  // namespace tessera::cli
