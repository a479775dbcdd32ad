// A sampler's parameters as a message, and back.
#pragma once

#include "absl/status/statusor.h"
#include "libs/sampling/parameters.h"
#include "proto/speculator.pb.h"

namespace tessera::speculator {

v1::SamplingParameters ToMessage(const sampling::SamplingParameters& from);

// InvalidArgument, naming the field: as SamplingParameters::Validate, or biases
// that are not one a token.
absl::StatusOr<sampling::SamplingParameters> FromMessage(
    const v1::SamplingParameters& from, int32_t vocab_size);

}  // namespace tessera::speculator
