// ConvertCheckpoint: a model from GGUF to safetensors, or the other way.
//
// Matrices are dequantized and stored in one type; vectors (norms, biases) stay
// F32 in GGUF, as llama.cpp wants them. Query and key rows are reordered where
// the formats differ (GGUF's `llama` interleaves the halves of each head).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/tensor/dtype.h"

namespace tessera::model {

struct ConvertOptions {
  // Of the matrices. Safetensors: F32, F16 or BF16. GGUF: those, or any
  // quantized type, rounded to nearest.
  DType dtype = DType::kBF16;
};

struct ConvertReport {
  int64_t num_tensors = 0;
  int64_t num_bytes = 0;           // of the tensors written
  std::vector<std::string> notes;  // what the new format cannot say
};

// Reads `input` (as OpenCheckpoint does) and writes `output`: one file where it
// ends in ".gguf", otherwise a directory, made if need be, with
// model.safetensors, config.json, generation_config.json, tokenizer.json and
// tokenizer_config.json. Every file appears whole or not at all; the weights
// last.
//
// Needs memory for little more than a row. InvalidArgument, Unimplemented: the
// input is refused, or says what the output's format cannot; both are
// safetensors (nothing to convert).
absl::StatusOr<ConvertReport> ConvertCheckpoint(const std::string& input,
                                                const std::string& output,
                                                const ConvertOptions& options);

}  // namespace tessera::model
