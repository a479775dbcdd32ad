// A speculator of a model file.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/model/model.h"
#include "services/speculator/client/target_model.h"
#include "services/speculator/options.h"
#include "services/speculator/speculator.h"
#include "services/speculator/speculator_service.h"

namespace tessera::speculator {

// On the target's team, for its vocabulary. Errors name the file: those of
// OpenCheckpoint, LoadTokenizer, CheckSameVocabulary, LoadModel and
// Speculator::Create.
absl::StatusOr<std::unique_ptr<Speculator>> LoadSpeculator(
    const std::string& model_file, const TargetModel& target,
    const SpeculatorOptions& options, metrics::Registry* registry);

// For any target of its vocabulary, on a team of its own.
absl::StatusOr<LoadedSpeculator> LoadOwnSpeculator(
    const std::string& model_file, const model::ModelOptions& model_options,
    const SpeculatorOptions& options, metrics::Registry* registry);

}  // namespace tessera::speculator
