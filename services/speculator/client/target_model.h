// What a speculator has to know of the target that it drafts for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "libs/device/worker_team.h"
#include "libs/tokenizer/tokenizer.h"
#include "services/speculator/client/speculator_client.h"

namespace tessera::speculator {

// All of it outlives the speculator.
struct TargetModel {
  const tokenizer::Tokenizer* tokenizer = nullptr;
  int32_t vocab_size = 0;  // columns of its logits
  // A draft model in this process computes on it, between the target's passes.
  device::WorkerTeam* team = nullptr;
};

// Makes the speculator once the target is loaded, on the engine's thread: a
// local one loads its model there. An error says why this target cannot be
// drafted for by that model.
using SpeculatorFactory =
    std::function<absl::StatusOr<std::unique_ptr<SpeculatorClient>>(
        const TargetModel&)>;

}  // namespace tessera::speculator
