#include "tools/cli/cache_warming.h"

#include <fstream>
#include <iostream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/status_macros.h"
#include "nlohmann/json.hpp"
#include "tools/cli/http_post.h"

namespace tessera::cli {
namespace {

using nlohmann::json;

absl::StatusOr<std::string> ReadKey(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path);
  std::string key;
  if (!std::getline(file, key) || key.empty()) {
    return absl::NotFoundError(
        absl::StrCat("--api-key-file: cannot read a key from ", path));
  }
  absl::StripAsciiWhitespace(&key);
  return key;
}

struct Warmed {
  int64_t num_tokens = 0;
  int64_t num_cached = 0;  // before
};

absl::StatusOr<Warmed> ReadUsage(const HttpReply& reply) {
  const json body = json::parse(reply.body, nullptr, false);
  if (reply.status != 200) {
    const bool says_why =
        body.is_object() && body.contains("error") && body["error"].is_object();
    return absl::InvalidArgumentError(
        absl::StrCat("status ", reply.status, ": ",
                     says_why ? body["error"].value("message", "no message")
                              : std::string("no answer of this API")));
  }
  const json::json_pointer prompt("/usage/prompt_tokens");
  const json::json_pointer cached("/usage/prompt_tokens_details/cached_tokens");
  if (!body.is_object() || !body.contains(prompt) ||
      !body[prompt].is_number_integer()) {
    return absl::InvalidArgumentError("no usage in the answer");
  }
  const bool has_cached =
      body.contains(cached) && body[cached].is_number_integer();
  return Warmed{body[prompt].get<int64_t>(),
                has_cached ? body[cached].get<int64_t>() : 0};
}

absl::StatusOr<Warmed> Warm(absl::string_view line, const std::string& server,
                            const std::string& key) {
  ASSIGN_OR_RETURN(const WarmingRequest request, MakeWarmingRequest(line));
  ASSIGN_OR_RETURN(const HttpReply reply,
                   HttpPost(server, request.target, key, request.body));
  return ReadUsage(reply);
}

}  // namespace

absl::StatusOr<WarmingRequest> MakeWarmingRequest(absl::string_view line) {
  json body;
  if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "{")) {
    body = json::parse(line.begin(), line.end(), nullptr, false);
    if (!body.is_object() ||
        body.contains("messages") == body.contains("prompt")) {
      return absl::InvalidArgumentError(
          "a JSON object must have \"messages\" or \"prompt\"");
    }
  } else {
    body["prompt"] = std::string(line);
  }
  // What is asked for beyond the prompt does not matter.
  for (const char* field : {"stream", "stream_options", "n", "max_tokens",
                            "max_completion_tokens"}) {
    body.erase(field);
  }
  body["max_tokens"] = 1;
  const bool is_chat = body.contains("messages");
  return WarmingRequest{
      is_chat ? "/v1/chat/completions" : "/v1/completions",
      body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

absl::Status WarmCache(const std::string& file, const WarmingOptions& options) {
  ASSIGN_OR_RETURN(const std::string key, ReadKey(options.api_key_file));
  std::ifstream lines(file);
  if (!lines) return absl::NotFoundError(absl::StrCat("cannot read ", file));
  int line_number = 0;
  int num_prompts = 0;
  Warmed all;
  for (std::string line; std::getline(lines, line);) {
    ++line_number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    const absl::StatusOr<Warmed> warmed = Warm(line, options.server, key);
    if (!warmed.ok()) {
      return {warmed.status().code(), absl::StrCat(file, ":", line_number, ": ",
                                                   warmed.status().message())};
    }
    std::cout << absl::StrFormat(
        "%s:%d: %d tokens, %d of them were cached before\n", file, line_number,
        warmed->num_tokens, warmed->num_cached);
    ++num_prompts;
    all.num_tokens += warmed->num_tokens;
    all.num_cached += warmed->num_cached;
  }
  std::cout << absl::StrFormat(
      "%d prompts, %d tokens are cached now, %d of them new\n", num_prompts,
      all.num_tokens, all.num_tokens - all.num_cached);
  return absl::OkStatus();
}

}  // namespace tessera::cli
