#include "tools/accuracy/accuracy_options.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/status_macros.h"

namespace tessera::accuracy {
namespace {

using attention::KvDType;
using device::KernelSet;

absl::StatusOr<KvDType> ParseKvDType(absl::string_view name) {
  for (const KvDType dtype : {KvDType::kBF16, KvDType::kI8, KvDType::kF32}) {
    if (name == attention::KvDTypeName(dtype)) return dtype;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--kv-dtype: \"", name, "\" is none of bf16, int8 and f32"));
}

absl::StatusOr<std::vector<KernelSet>> ParseKernels(
    const std::string& names, const device::CpuFeatures& features) {
  if (names.empty()) return FastKernelSets(features);
  std::vector<KernelSet> sets;
  for (const absl::string_view name : absl::StrSplit(names, ',')) {
    ASSIGN_OR_RETURN(const KernelSet set,
                     device::ParseKernelSet(name, features));
    sets.push_back(set);
  }
  return sets;
}

}  // namespace

absl::Status AccuracyOptions::Validate() const {
  if (model.empty()) return absl::InvalidArgumentError("--model: a checkpoint");
  if (text.empty()) return absl::InvalidArgumentError("--text: a file of text");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<CandidateSpec>> AccuracyOptions::Candidates(
    const device::CpuFeatures& features) const {
  ASSIGN_OR_RETURN(const std::vector<KernelSet> sets,
                   ParseKernels(kernels, features));
  std::vector<CandidateSpec> candidates;
  for (const KernelSet set : sets) {
    for (const absl::string_view name : absl::StrSplit(kv_dtypes, ',')) {
      ASSIGN_OR_RETURN(const KvDType dtype, ParseKvDType(name));
      candidates.push_back({.kernels = set, .kv_dtype = dtype});
    }
  }
  if (candidates.empty()) {
    return absl::FailedPreconditionError(
        "this processor runs the reference kernels only: nothing to compare");
  }
  return candidates;
}

void AddAccuracyFlags(options::Flags* flags, AccuracyOptions* options) {
  flags->Text("model", &options->model, "FILE", "the checkpoint").Short('m');
  flags->Text("text", &options->text, "FILE", "plain text, UTF-8").Short('f');
  flags->Text("prompts", &options->prompts, "FILE",
              "prompts to answer (tools/accuracy/prompts.h); none without");
  flags->Text(
      "kernels", &options->kernels, "LIST",
      "of amx, avx512, avx2, reference; by default the fast ones that this "
      "processor has");
  flags->Text("kv-dtype", &options->kv_dtypes, "LIST", "of bf16, int8, f32");
  flags->Int("tokens", &options->num_tokens, 2, int64_t{1} << 40,
             "of the text, at most");
  flags->Int("context", &options->window_len, 2, 1 << 24, "tokens of a window")
      .Short('c');
  flags->Int("max-tokens", &options->answer_len, 1, 1 << 20,
             "tokens of an answer");
  flags->Int("threads", &options->threads, 0, 1024, "0: as many as cores")
      .Short('t');
}

}  // namespace tessera::accuracy
