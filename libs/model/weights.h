// ModelWeights: a decoder's matrices in panels and its vectors as floats, in
// one block of memory.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/device/huge_buffer.h"
#include "libs/device/worker_team.h"
#include "libs/kernels/matmul/packed_matrix.h"
#include "libs/model/config.h"
#include "libs/tensor/tensor_view.h"

namespace tessera::model {

// H num_heads, G num_kv_heads, D head_dim, F feed_forward_dim, hidden
// hidden_dim.
struct LayerWeights {
  std::vector<float> attention_norm;  // [hidden]
  std::vector<float> query_norm;      // [D], or empty
  std::vector<float> key_norm;        // [D], or empty

  // Rows: H query heads, G key heads, G value heads, of D each, in rotate-half
  // order.
  kernels::PackedMatrix query_key_value;     // [(H + 2G) D, hidden]
  std::vector<float> query_key_value_bias;   // [(H + 2G) D], or empty
  kernels::PackedMatrix attention_output;    // [hidden, H D]
  std::vector<float> attention_output_bias;  // [hidden], or empty

  std::vector<float> feed_forward_norm;  // [hidden]
  // Rows: 16 of gate, the same 16 of up, the next 16 of gate, ...; zero rows
  // where F is not a multiple of 16.
  kernels::PackedMatrix gate_up;  // [2 * 16 ceil(F / 16), hidden]
  kernels::PackedMatrix down;     // [hidden, F]
};

struct ModelWeights {
  kernels::PackedMatrix embedding;  // [vocab, hidden]
  std::vector<LayerWeights> layers;
  std::vector<float> output_norm;  // [hidden]
  kernels::PackedMatrix output;    // [vocab, hidden]; empty where tied
  device::HugeBuffer memory;       // all panels

  const kernels::PackedMatrix& logits_matrix(const ModelConfig& config) const {
    return config.tied_output ? embedding : output;
  }
};

// A tensor by its GGUF name ("blk.0.attn_q.weight"). NotFound where there is
// none.
using TensorLookup =
    std::function<absl::StatusOr<TensorView>(const std::string& name)>;

// Told of loading as it goes on: how many of the percents are done, each whole
// number from 1 to 100 once, rising. On any worker's thread, one call at a
// time.
using LoadProgress = std::function<void(int percent)>;

// Reads and packs every tensor of `config`. `progress` may be empty. Errors
// name the tensor: NotFound where one is missing, InvalidArgument for a wrong
// shape, a type that a matrix can't have or a value that is not finite.
absl::StatusOr<ModelWeights> LoadWeights(const ModelConfig& config,
                                         const TensorLookup& lookup,
                                         device::WorkerTeam& team,
                                         const LoadProgress& progress = {});

}  // namespace tessera::model
