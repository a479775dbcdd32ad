// Small parts of an answer, as JSON.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"
#include "proto/verifier.pb.h"

namespace tessera::gateway {

// {"prompt_tokens":..,"completion_tokens":..,"total_tokens":..,
//  "prompt_tokens_details":{"cached_tokens":..}}
void AppendUsage(const verifier::v1::Usage& usage, std::string* json);

// Where the time went, seconds, and which of the prompt's tokens were computed.
void AppendTimings(const verifier::v1::Usage& usage, std::string* json);

// [1,2,3]
void AppendTokenIds(const google::protobuf::RepeatedField<int32_t>& ids,
                    std::string* json);

// "stop" or "length", in quotes; null where it is not finished.
absl::string_view FinishReasonText(verifier::v1::FinishReason reason);

// Several prompts' usage as one: tokens add up, seconds are the slowest's.
void AddUsage(const verifier::v1::Usage& more, verifier::v1::Usage* usage);

}  // namespace tessera::gateway
