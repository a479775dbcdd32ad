// ForwardScratch: the buffers of a forward pass, allocated once.
//
// T max_tokens, C a matmul chunk's tokens; names and shapes as forward.cc uses
// them.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/device/huge_buffer.h"
#include "libs/kernels/attention/attention.h"
#include "libs/model/config.h"
#include "libs/model/weights.h"

namespace tessera::model {

// Up to so many tokens every worker normalizes and packs all of them for
// itself: 0.15 us a token is less than a barrier, and than two workers' writing
// scales into one tile's cache lines (a pass of 16 took 9.5 ms instead of 8.3).
inline constexpr int64_t kPrivateTokens = 16;

struct ForwardScratch {
  static absl::StatusOr<ForwardScratch> Allocate(const ModelConfig& config,
                                                 const ModelWeights& weights,
                                                 attention::KvDType kv_dtype,
                                                 int num_workers,
                                                 int64_t max_tokens,
                                                 int64_t max_context);

  // Of one worker.
  struct Private {
    float* normed;         // [hidden]
    uint8_t* activations;  // of kPrivateTokens tokens, the widest matrix
  };

  float* hidden;           // [T, hidden], the residual stream
  float* gathered;         // [T, hidden], the rows whose logits are wanted
  float* query_key_value;  // [T, (H + 2G) D]
  float* attention;        // [T, H D]
  float* gate_up;          // [T, 2 * 16 ceil(F / 16)]
  float* feed_forward;     // [T, F]
  float* cos;              // [T, rotary_dim / 2]
  float* sin;              // [T, rotary_dim / 2]
  uint8_t* activations;    // [T, max(hidden, H D, F)], packed
  absl::Span<uint8_t> attention_scratch;
  std::vector<Private> privates;  // one a worker

  device::HugeBuffer memory;
};

}  // namespace tessera::model
