// What /tokenize and /detokenize ask for, spelled as vLLM spells it.
#pragma once

#include "absl/status/statusor.h"
#include "libs/json/json_field.h"
#include "proto/verifier.pb.h"
#include "services/gateway/served_model.h"

namespace tessera::gateway {

struct TokenizeRequest {
  verifier::v1::TokenizeRequest call;
  bool return_token_strs = false;
};

// `prompt` (a string) with `add_special_tokens` and `parse_special`, or
// `messages` with `add_generation_prompt`; `model`, `return_token_strs`.
// Errors: as in generation_request.h.
absl::StatusOr<TokenizeRequest> ParseTokenizeRequest(const JsonField& root,
                                                     const ServedModel& model);

// `tokens`, `model`.
absl::StatusOr<verifier::v1::DetokenizeRequest> ParseDetokenizeRequest(
    const JsonField& root, const ServedModel& model);

}  // namespace tessera::gateway
