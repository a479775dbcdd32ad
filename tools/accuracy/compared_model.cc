#include "tools/accuracy/compared_model.h"

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/model/load_model.h"

namespace tessera::accuracy {

using attention::KvDType;
using device::KernelSet;

std::string CandidateSpec::Name() const {
  return absl::StrCat(device::KernelSetName(kernels), "+",
                      attention::KvDTypeName(kv_dtype));
}

std::vector<KernelSet> FastKernelSets(const device::CpuFeatures& features) {
  std::vector<KernelSet> sets;
  for (const KernelSet set :
       {KernelSet::kAmx, KernelSet::kAvx512, KernelSet::kAvx2}) {
    if (device::ParseKernelSet(device::KernelSetName(set), features).ok()) {
      sets.push_back(set);
    }
  }
  return sets;
}

absl::StatusOr<ComparedModel> LoadCandidate(Checkpoint& checkpoint,
                                            const CandidateSpec& spec,
                                            int threads, int64_t context_len) {
  model::ModelOptions options;
  options.team = {
      .num_threads = threads, .pin = false, .kernels = spec.kernels};
  options.kv_dtype = spec.kv_dtype;
  ComparedModel loaded;
  loaded.name = spec.Name();
  ASSIGN_OR_RETURN(loaded.model, model::LoadModel(checkpoint, options));
  ASSIGN_OR_RETURN(loaded.sequence,
                   cli::ModelSequence::Create(loaded.model.get(), context_len));
  return loaded;
}

absl::StatusOr<ComparedModel> LoadOracle(Checkpoint& checkpoint, int threads,
                                         int64_t context_len) {
  return LoadCandidate(checkpoint, {KernelSet::kReference, KvDType::kF32},
                       threads, context_len);
}

std::vector<std::string> ComparedModels::names() const {
  std::vector<std::string> names;
  for (const ComparedModel& candidate : candidates) {
    names.push_back(candidate.name);
  }
  return names;
}

std::vector<cli::SequenceModel*> ComparedModels::sequences() const {
  std::vector<cli::SequenceModel*> sequences;
  for (const ComparedModel& candidate : candidates) {
    sequences.push_back(candidate.sequence.get());
  }
  return sequences;
}

absl::StatusOr<ComparedModels> LoadComparedModels(
    Checkpoint& checkpoint, absl::Span<const CandidateSpec> candidates,
    int threads, int64_t context_len) {
  ComparedModels models;
  ASSIGN_OR_RETURN(models.oracle, LoadOracle(checkpoint, threads, context_len));
  for (const CandidateSpec& spec : candidates) {
    ASSIGN_OR_RETURN(ComparedModel candidate,
                     LoadCandidate(checkpoint, spec, threads, context_len));
    models.candidates.push_back(std::move(candidate));
  }
  return models;
}

}  // namespace tessera::accuracy
