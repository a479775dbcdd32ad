// `tessera bench --profile`: where a forward pass spends its time, by layer
// kind and kernel, and how close each comes to what the machine can do.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "libs/device/worker_team.h"
#include "libs/kernels/attention/kv_layout.h"
#include "libs/model/config.h"
#include "libs/model/profile.h"
#include "libs/model/weights.h"
#include "tools/cli/bench_loop.h"

namespace tessera::cli {

// Rates a second, probed with the kernels and the threads that ran.
struct ProfileLimits {
  double memory_bytes = 0;
  double int8_operations = 0;
  double tile_int8_operations = 0;  // as int8_operations where there are none
  double bf16_operations = 0;
  double f32_operations = 0;
};

// Medians of a few probes on the team that did the work: one made beside it
// would find this thread pinned, and all of itself on its core.
// ResourceExhausted: no memory for the buffer that is read.
absl::StatusOr<ProfileLimits> ProbeLimits(device::WorkerTeam& team);

// What an operation did in one pass, over all layers. 0: not counted.
struct OperationWork {
  std::string kernel;           // "Q4Min x int12"; empty where none is counted
  double num_bytes = 0;         // of weights, or of the cache
  double num_operations = 0;    // a multiplication and an addition: 2
  double least_seconds = 0;     // at the limits, the slower of the two
  bool is_memory_bound = true;  // which of the two that is
};

// Averages over the passes of one repetition of `test`.
OperationWork WorkOf(model::ForwardOp op, const model::ModelConfig& config,
                     const model::ModelWeights& weights,
                     attention::KvDType kv_dtype, const BenchTest& test,
                     double passes_per_repetition, const ProfileLimits& limits);

// A line an operation: milliseconds a pass, share, kernel, GB/s, GOP/s and the
// share of the limit that bounds it; then a sum for each kind of layer.
std::string ProfileTable(const model::ForwardProfile& profile,
                         const model::ModelConfig& config,
                         const model::ModelWeights& weights,
                         attention::KvDType kv_dtype, const BenchTest& test,
                         int repetitions, const ProfileLimits& limits);

}  // namespace tessera::cli
