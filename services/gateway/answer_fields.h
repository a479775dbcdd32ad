// The fields of a request that chat and text completions share, sampling's and
// the prompt's left out.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/json/json_field.h"
#include "proto/verifier.pb.h"
#include "services/gateway/generation_request.h"
#include "services/gateway/served_model.h"

namespace tessera::gateway {

// `model`: the name to answer with. NotFound: another model's.
absl::StatusOr<std::string> ReadModel(const JsonField& root,
                                      const ServedModel& model);

// n stream stream_options return_timings return_token_ids return_token_sources
// request_id.
absl::Status ReadAnswerFields(const JsonField& root,
                              GenerationRequest* request);

// stop ignore_eos priority cache_salt prediction max_draft_tokens.
absl::Status ReadEngineFields(const JsonField& root, const ServedModel& model,
                              verifier::v1::GenerateRequest* call);

// Refuses what would have to change the answer and does not: tools, functions,
// response formats other than text.
absl::Status RefuseUnsupported(const JsonField& root);

}  // namespace tessera::gateway
