#include "libs/model/model_selection.h"

#include "libs/base/status_macros.h"
#include "libs/device/cpu_features.h"
#include "libs/device/physical_cores.h"

namespace tessera::model {

absl::StatusOr<ModelOptions> ModelSelection::ToModelOptions() const {
  ModelOptions options;
  options.kv_dtype = kv_dtype;
  options.team.num_threads = threads > 0 ? threads : device::NumPhysicalCores();
  ASSIGN_OR_RETURN(options.team.kernels,
                   device::ParseKernelSet(kernels, device::HostCpuFeatures()));
  return options;
}

void AddModelFlags(options::Flags* flags, ModelSelection* selection) {
  flags->Text("model", &selection->model, "FILE", "the model, GGUF").Short('m');
  flags->Text("kernels", &selection->kernels, "auto|amx|avx512|avx2|reference",
              "which kernels; auto: the fastest that this processor has");
  flags->Choice("kv-dtype", &selection->kv_dtype,
                {{"bf16", attention::KvDType::kBF16},
                 {"int8", attention::KvDType::kI8},
                 {"f32", attention::KvDType::kF32}},
                "type of the cached keys and values");
}

void AddThreadsFlag(options::Flags* flags, ModelSelection* selection) {
  flags
      ->Int("threads", &selection->threads, 0, 1024,
            "threads; 0: one a physical core")
      .Short('t');
}

void AddContextFlag(options::Flags* flags, ModelSelection* selection) {
  flags
      ->Int("context", &selection->context_len, 0, int64_t{1} << 30,
            "tokens of prompt and answer at most; 0: as the model was trained")
      .Short('c');
}

}  // namespace tessera::model
