// What tools/accuracy measures: flags into a struct.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/device/cpu_features.h"
#include "libs/options/flags.h"
#include "tools/accuracy/compared_model.h"

namespace tessera::accuracy {

struct AccuracyOptions {
  std::string model;    // a checkpoint
  std::string text;     // a file of plain text
  std::string prompts;  // a file as prompts.h has it; empty: no answers
  std::string kernels;  // names with commas; empty: every fast set here
  std::string kv_dtypes = "bf16,int8";
  int64_t num_tokens = 15000;  // of the text, at most
  int window_len = 1024;
  int answer_len = 64;  // tokens of an answer, at most
  int threads = 0;      // 0: as many as cores

  // InvalidArgument: no model or no text.
  absl::Status Validate() const;
  // Every set of kernels with every type of cache. InvalidArgument: a name that
  // there is not, or none; FailedPrecondition: kernels that `features` lack.
  absl::StatusOr<std::vector<CandidateSpec>> Candidates(
      const device::CpuFeatures& features) const;
};

void AddAccuracyFlags(options::Flags* flags, AccuracyOptions* options);

}  // namespace tessera::accuracy
