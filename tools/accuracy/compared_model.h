// The models of a comparison: one oracle, and candidates.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/device/cpu_features.h"
#include "libs/kernels/attention/kv_layout.h"
#include "libs/model/model.h"
#include "tools/cli/model_sequence.h"

namespace tessera::accuracy {

struct CandidateSpec {
  device::KernelSet kernels;
  attention::KvDType kv_dtype;

  std::string Name() const;  // "avx512+bf16"
};

// Every set of kernels that `features` allow, but the reference; best first.
std::vector<device::KernelSet> FastKernelSets(
    const device::CpuFeatures& features);

struct ComparedModel {
  std::string name;
  std::unique_ptr<model::Model> model;
  std::unique_ptr<cli::ModelSequence> sequence;
};

// Threads are not pinned: two teams that each pin their first thread, which is
// the caller's, would end up on one core. threads: 0 for as many as cores.
//
// The oracle: every weight dequantized to float, float activations, plain
// attention over a float cache. Errors as model::LoadModel's.
absl::StatusOr<ComparedModel> LoadOracle(Checkpoint& checkpoint, int threads,
                                         int64_t context_len);
absl::StatusOr<ComparedModel> LoadCandidate(Checkpoint& checkpoint,
                                            const CandidateSpec& spec,
                                            int threads, int64_t context_len);

struct ComparedModels {
  ComparedModel oracle;
  std::vector<ComparedModel> candidates;

  std::vector<std::string> names() const;              // the candidates'
  std::vector<cli::SequenceModel*> sequences() const;  // theirs too
};
absl::StatusOr<ComparedModels> LoadComparedModels(
    Checkpoint& checkpoint, absl::Span<const CandidateSpec> candidates,
    int threads, int64_t context_len);

}  // namespace tessera::accuracy
