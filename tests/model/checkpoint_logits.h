// The logits that a checkpoint's model gives for the synthetic tokens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/device/cpu_features.h"
#include "libs/kernels/attention/kv_layout.h"

namespace tessera::model {

// The oracle of floats, then what this processor can run.
std::vector<device::KernelSet> HostKernelSets();

// [48, vocab_size], of the checkpoint at `path`. CHECKs that it loads.
std::vector<float> LogitsOf(const std::string& path, device::KernelSet kernels,
                            attention::KvDType kv_dtype);

// With floats throughout: reference kernels, cache in F32.
std::vector<float> OracleLogits(const std::string& path);

}  // namespace tessera::model
