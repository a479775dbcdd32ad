// Which model runs, and how: the flags that every command with a model has.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "libs/kernels/attention/kv_layout.h"
#include "libs/model/model.h"
#include "libs/options/flags.h"

namespace tessera::model {

struct ModelSelection {
  std::string model;             // a GGUF file
  int threads = 0;               // 0: one a physical core
  std::string kernels = "auto";  // auto, amx, avx512, avx2, reference
  attention::KvDType kv_dtype = attention::KvDType::kBF16;
  int64_t context_len = 0;  // tokens; 0: as many as the model was trained for

  // InvalidArgument, FailedPrecondition: kernels that do not exist, or that
  // this processor lacks.
  absl::StatusOr<ModelOptions> ToModelOptions() const;
};

// Declares --model, --kernels, --kv-dtype.
void AddModelFlags(options::Flags* flags, ModelSelection* selection);
// Declares --threads.
void AddThreadsFlag(options::Flags* flags, ModelSelection* selection);
// Declares --context, the longest sequence.
void AddContextFlag(options::Flags* flags, ModelSelection* selection);

}  // namespace tessera::model
