// One forward pass of a decoder, on all workers of a team.
//
//   hidden = embedding[tokens]
//   each layer:
//     hidden += output(attention(rope(qkv(norm(hidden)))))
//     hidden += down(silu(gate(x)) * up(x)),   x = norm(hidden)
//   logits = output(norm(hidden))
//
// The last layer, once it has stored its keys and values, goes on with the
// tokens whose logits are wanted: nobody reads the others.
//
// Every worker walks through Run; a kernel's work is split by Share or inside
// the kernel, and barriers stand where the next step reads what others wrote. A
// token's bits depend on its sequence alone: every step is a function of one
// token's row (or, in attention, of its sequence's keys), in an order that the
// model's shape fixes.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "libs/device/worker_team.h"
#include "libs/kernels/attention/attention.h"
#include "libs/kernels/rope/rope_frequencies.h"
#include "libs/model/batch.h"
#include "libs/model/config.h"
#include "libs/model/forward_scratch.h"
#include "libs/model/profile.h"
#include "libs/model/weights.h"

namespace tessera::model {

class ForwardPass {
 public:
  // Everything outlives the pass. The batch is valid (see Model::Forward);
  // `logits` is [sum of num_logits, vocab].
  ForwardPass(const ModelConfig& config, const ModelWeights& weights,
              const kernels::RopeFrequencies& rope, attention::KvDType kv_dtype,
              ForwardScratch& scratch,
              absl::Span<const BatchSequence> sequences, const KvBlocks& kv,
              float* logits, ForwardProfile* profile);

  // One worker's part; all workers of the team call it.
  void Run(device::Worker& worker);

 private:
  void Embed(device::Worker& worker);
  void Attention(device::Worker& worker, int layer, ProfileClock& clock);
  void AddPieces(size_t sequence);
  void RotateAndStore(device::Worker& worker, int layer);
  // Tokens that go on through a layer: [count, hidden] of the residual stream,
  // [count, H D] of what their heads attended to.
  struct Rows {
    float* hidden;
    const float* attended;
    int64_t count;
  };
  Rows AllRows() const;
  Rows LogitRows(device::Worker& worker);
  void AttentionOutput(device::Worker& worker, int layer, const Rows& rows,
                       ProfileClock& clock);
  void FeedForward(device::Worker& worker, int layer, const Rows& rows,
                   ProfileClock& clock);
  void Activate(device::Worker& worker, device::Range rows,
                device::Range tokens);
  void Logits(device::Worker& worker, const Rows& rows);

  // `rows` [num_rows, columns], normalized if `norm` is given, as the input of
  // `matrix`; where they are many, shared among the workers up to a barrier.
  kernels::Activations Input(device::Worker& worker, const float* rows,
                             int64_t num_rows, const std::vector<float>* norm,
                             const kernels::PackedMatrix& matrix);
  // output (+)= matrix * input, this worker's share of the rows.
  void Multiply(device::Worker& worker, const kernels::Activations& input,
                const kernels::PackedMatrix& matrix,
                const std::vector<float>* bias, bool accumulate, float* output);
  attention::KvLayer Kv(int layer) const;

  const ModelConfig& config_;
  const ModelWeights& weights_;
  const kernels::RopeFrequencies& rope_;
  const attention::KvDType kv_dtype_;
  ForwardScratch& scratch_;
  const absl::Span<const BatchSequence> batch_;
  const KvBlocks& kv_;
  float* const logits_;
  ForwardProfile* const profile_;

  int64_t num_tokens_ = 0;
  std::vector<int32_t> tokens_;      // [num_tokens]
  std::vector<int32_t> positions_;   // [num_tokens]
  std::vector<int64_t> logit_rows_;  // tokens whose logits are wanted
  std::vector<attention::AttentionSequence> sequences_;
  // Tokens of one sequence that fall into one KV block: storing a block's first
  // token clears the rest of it, so one worker stores them all.
  struct Piece {
    size_t sequence;
    device::Range tokens;
  };
  std::vector<Piece> pieces_;
};

}  // namespace tessera::model
