// The fields of a request that say how to sample.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "libs/json/json_field.h"
#include "proto/verifier.pb.h"

namespace tessera::gateway {

// temperature top_p min_p top_k repetition_penalty frequency_penalty
// presence_penalty logit_bias min_tokens stop_token_ids seed, in the ranges of
// libs/sampling/parameters.h. InvalidArgument names the field.
absl::Status ReadSampling(const JsonField& root, int32_t vocab_size,
                          verifier::v1::SamplingParameters* sampling);

}  // namespace tessera::gateway
