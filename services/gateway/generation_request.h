// GenerationRequest: what /v1/chat/completions and /v1/completions ask for,
// checked and bounded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/json/json_field.h"
#include "proto/verifier.pb.h"
#include "services/gateway/served_model.h"

namespace tessera::gateway {

inline constexpr int kMaxChoices = 128;
inline constexpr size_t kMaxStops = 16;
inline constexpr size_t kMaxStopBytes = 1024;
inline constexpr int kMaxTopLogprobs = 20;           // of chat
inline constexpr int kMaxCompletionLogprobs = 5;     // of completions
inline constexpr int kDefaultCompletionTokens = 16;  // as OpenAI
inline constexpr size_t kMaxRequestIdBytes = 96;

struct GenerationRequest {
  bool is_chat = false;
  // How to answer.
  bool stream = false;
  bool include_usage = false;  // a last chunk with it
  bool return_timings = false;
  bool return_token_ids = false;
  bool return_token_sources = false;
  bool logprobs = false;
  bool echo = false;
  std::string model;       // as the answer names it
  std::string request_id;  // the client's own; empty: none
  // What to generate: a call a prompt, each of n choices. Their request_id is
  // left to the caller.
  int n = 1;
  std::vector<verifier::v1::GenerateRequest> calls;
};

// InvalidArgument: "<field>: ..."; NotFound: "model: ..."; unknown fields are
// ignored, but for those whose answer would lack what they ask: tools, other
// response formats. max_request_tokens bounds choices x max_tokens.
absl::StatusOr<GenerationRequest> ParseChatRequest(const JsonField& root,
                                                   const ServedModel& model,
                                                   int64_t max_request_tokens);
absl::StatusOr<GenerationRequest> ParseCompletionRequest(
    const JsonField& root, const ServedModel& model,
    int64_t max_request_tokens);

}  // namespace tessera::gateway
