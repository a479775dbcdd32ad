// ModelConfig: the shape of a decoder of the Llama family, whatever file it is
// from.
//
// One description covers llama (SmolLM2, Llama 2 and 3, TinyLlama, Mistral),
// qwen2 (biases on query, key and value) and qwen3 (norms on query and key
// heads): a new member is a reader that fills it in.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "libs/kernels/rope/rope_frequencies.h"

namespace tessera::model {

struct ModelConfig {
  std::string architecture;  // "llama", "qwen2", "qwen3"
  std::string name;          // as the file calls the model; may be empty

  int num_layers = 0;
  int hidden_dim = 0;
  int feed_forward_dim = 0;
  int num_heads = 0;
  int num_kv_heads = 0;  // divides num_heads
  int head_dim = 0;
  int vocab_size = 0;
  int64_t context_len = 0;  // positions that the model was trained for

  float rms_norm_epsilon = 1e-5f;
  kernels::RopeConfig rope;

  // A key is visible to queries less than `sliding_window` positions after it,
  // in layers from first_window_layer on; 0: to all later ones.
  int64_t sliding_window = 0;
  int first_window_layer = 0;

  bool qk_norm = false;      // RMSNorm on each query and key head
  bool tied_output = false;  // logits by the embedding matrix
  bool interleaved_rope =
      false;  // the file's query and key rows pair neighbours

  int64_t WindowOf(int layer) const {
    return layer >= first_window_layer ? sliding_window : 0;
  }
  int64_t query_dim() const { return int64_t{num_heads} * head_dim; }
  int64_t key_value_dim() const { return int64_t{num_kv_heads} * head_dim; }

  // InvalidArgument, naming the field, its value and what it must be. Bounds
  // every size, so that products of two of them fit 63 bits.
  absl::Status Validate() const;
};

}  // namespace tessera::model
