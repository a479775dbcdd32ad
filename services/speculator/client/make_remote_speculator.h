// The speculator elsewhere that a verifier's flags ask for.
#pragma once

#include "absl/status/statusor.h"
#include "libs/metrics/metrics.h"
#include "services/speculator/client/draft_options.h"
#include "services/speculator/client/target_model.h"

namespace tessera::speculator {

// As MakeSpeculatorFactory (make_speculator.h), for a process that holds no
// draft model. InvalidArgument, besides: options.model_file asks for one.
absl::StatusOr<SpeculatorFactory> MakeRemoteSpeculatorFactory(
    const DraftOptions& options, metrics::Registry* registry);

}  // namespace tessera::speculator
