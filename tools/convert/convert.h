// Checkpoints from one format into the other.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "libs/tensor/dtype.h"

namespace tessera::convert {

struct ConvertOptions {
  std::string input;   // what OpenCheckpoint takes
  std::string output;  // a name that ends in .gguf, or a folder to be made
  DType dtype = DType::kBF16;  // of the matrices; vectors become F32

  // InvalidArgument: a name is empty, or safetensors cannot hold the type.
  absl::Status Validate() const;
};

// Reads `input` and writes `output`: weights, configuration, tokenizer and chat
// template. Each file appears whole or not at all; in a folder the weights
// come last. Errors name the file, and the tensor or field.
absl::Status Convert(const ConvertOptions& options);

}  // namespace tessera::convert
