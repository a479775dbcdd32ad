// Small parts of an answer, as JSON.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"
#include "proto/verifier.pb.h"

namespace tessera::gateway {

// {"prompt_tokens":..,"completion_tokens":..,"total_tokens":..,
//  "prompt_tokens_details":{"cached_tokens":..},
//  "completion_tokens_details":{"reasoning_tokens":0,
//   "accepted_prediction_tokens":..,"rejected_prediction_tokens":..}}
// A prediction's tokens count where a pass of the model verified them.
void AppendUsage(const verifier::v1::Usage& usage, std::string* json);

// Where the time went, seconds; which of the prompt's tokens were computed and
// where the others came from; what was drafted, by the sources that drafted.
//
//   {"queue_seconds":..,"prefill_seconds":..,"decode_seconds":..,
//    "cached_tokens":..,"computed_prompt_tokens":..,"preemptions":..,
//    "cached_tokens_by_tier":{"engine":..,"memory":..,"disk":..},
//    "load_seconds":..,
//    "drafts":{"text":{"drafted_tokens":..,"accepted_tokens":..}}}
void AppendTimings(const verifier::v1::Usage& usage, std::string* json);

// [1,2,3]
void AppendTokenIds(const google::protobuf::RepeatedField<int32_t>& ids,
                    std::string* json);

// ["target","text","prediction","draft_model"]: of each of num_tokens tokens. A
// verifier that does not say drafted none: "target".
void AppendTokenSources(const google::protobuf::RepeatedField<int>& sources,
                        int num_tokens, std::string* json);

// "stop" or "length", in quotes; null where it is not finished.
absl::string_view FinishReasonText(verifier::v1::FinishReason reason);

// Several prompts' usage as one: tokens add up, seconds are the slowest's.
void AddUsage(const verifier::v1::Usage& more, verifier::v1::Usage* usage);

}  // namespace tessera::gateway
