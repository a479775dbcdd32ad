// The fields of a request that hold its prompt.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/json/json_field.h"
#include "proto/verifier.pb.h"
#include "services/gateway/served_model.h"

namespace tessera::gateway {

inline constexpr size_t kMaxMessages = 4096;
inline constexpr size_t kMaxPrompts = 256;

// `messages` and `add_generation_prompt`. Roles system, developer (as system),
// user, assistant; content a string, or text parts, which are joined by
// newlines.
absl::StatusOr<verifier::v1::Prompt> ReadChatPrompt(const JsonField& root,
                                                    const ServedModel& model);

// `prompt`: a string, strings, token ids, or lists of token ids, and, with
// strings, `parse_special` and `add_special_tokens`. At least one, at most
// kMaxPrompts.
absl::StatusOr<std::vector<verifier::v1::Prompt>> ReadPrompts(
    const JsonField& root, const ServedModel& model);

// `tokens` of /detokenize, or a prompt's: ids of the vocabulary, at most
// max_ids.
absl::Status ReadTokenIds(const JsonField& field, const ServedModel& model,
                          size_t max_ids,
                          google::protobuf::RepeatedField<int32_t>* ids);

}  // namespace tessera::gateway
