// Tiny checkpoints of every architecture and type, as files.
//
// Their weights are a function of the tensors' names alone, so that only the
// logits that other implementations give for them lie in the tree (goldens/).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "libs/model/config.h"
#include "libs/tensor/dtype.h"

namespace tessera::model {

struct SyntheticCheckpoint {
  std::string name;
  ModelConfig config;           // as config.json would say it
  bool attention_bias = false;  // llama: on query, key, value and output
  bool fits_gguf = true;        // whether GGUF can say all of the config
};

// One for each feature of the family: MHA, GQA, MQA, tied and untied output,
// biases, each RoPE scaling, sliding windows, norms of query and key heads.
std::vector<SyntheticCheckpoint> SyntheticArchitectures();

// A GQA llama whose every size is whole blocks of 256, for each type of weight.
SyntheticCheckpoint SyntheticForTypes();

// Element `index` of the tensor with this Hugging Face name, before scaling:
// uniform in [-1, 1). SplitMix64 (Steele et al. 2014) of FNV-1a of the name
// plus the index.
float SyntheticValue(absl::string_view name, uint64_t index);

// model.safetensors (or so many shards and their index), config.json and the
// tokenizer's files in `directory`, which is made. CHECKs that it can.
void WriteSafetensors(const SyntheticCheckpoint& checkpoint, DType dtype,
                      const std::string& directory, int num_shards = 1);

// Matrices in `matrix_dtype`, vectors in F32.
void WriteGguf(const SyntheticCheckpoint& checkpoint, DType matrix_dtype,
               const std::string& path);

// The 48 tokens that the goldens are of.
std::vector<int32_t> SyntheticTokens();

}  // namespace tessera::model
