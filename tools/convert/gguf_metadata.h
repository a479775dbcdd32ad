// The metadata of a GGUF file that we write.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/checkpoint/gguf_header.h"
#include "libs/model/config.h"
#include "libs/tensor/dtype.h"
#include "libs/tokenizer/vocabulary.h"

namespace tessera::convert {

// general.* and the architecture's keys. `dtype`: of the matrices.
// Unimplemented: RoPE scaling that needs a tensor (see RopeFactors) is left
// out; every other kind has keys.
void AddConfig(const model::ModelConfig& config, DType dtype,
               GgufHeader* header);

// tokenizer.*; tokens that the model has and the vocabulary lacks get names.
void AddVocabulary(const tokenizer::Vocabulary& vocabulary, int vocab_size,
                   const std::string& chat_template, GgufHeader* header);

// GGUF's tensor rope_freqs.weight: what each frequency is divided by. Empty
// unless the scaling is Llama 3's or given by such factors, for which GGUF has
// no keys. Errors as RopeFrequencies::Create's.
absl::StatusOr<std::vector<float>> RopeFactors(
    const model::ModelConfig& config);

// "llama", "qwen2" or "qwen3", as GGUF files say.
std::string GgufArchitecture(const model::ModelConfig& config);

}  // namespace tessera::convert
