// The speculator that a verifier's flags ask for.
#pragma once

#include "absl/status/statusor.h"
#include "libs/metrics/metrics.h"
#include "services/speculator/client/draft_options.h"
#include "services/speculator/client/target_model.h"

namespace tessera::speculator {

// An empty function where no drafts are asked for. `registry` outlives what it
// makes. It is called once; before that, threads that must not have the
// engine's affinity are started here. Errors: options.Validate's, and those of
// TLS files.
absl::StatusOr<SpeculatorFactory> MakeSpeculatorFactory(
    const DraftOptions& options, metrics::Registry* registry);

}  // namespace tessera::speculator
