// The verifier as a process of its own: flags -> options -> run.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "libs/metrics/metrics.h"
#include "services/speculator/client/draft_options.h"
#include "services/speculator/client/make_remote_speculator.h"
#include "services/speculator/client/target_model.h"

namespace tessera::verifier {

// Where drafts come from, by the flags.
using MakeSpeculator =
    std::function<absl::StatusOr<speculator::SpeculatorFactory>(
        const speculator::DraftOptions&, metrics::Registry*)>;

// Serves until it is told to stop. default_model: where --model is not given.
// make_speculator: by default a speculator elsewhere alone; one that may be in
// this process is linked by whoever passes MakeSpeculatorFactory.
absl::Status RunVerifier(absl::Span<const std::string> args,
                         const std::string& default_model,
                         const MakeSpeculator& make_speculator =
                             speculator::MakeRemoteSpeculatorFactory);

}  // namespace tessera::verifier
