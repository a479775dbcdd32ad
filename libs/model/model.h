// Model: a decoder that runs. Start here.
//
//   ASSIGN_OR_RETURN(auto model, Model::Load("model.gguf", {}));
//   KV blocks: model->kv_block_bytes() each, 32 tokens of every layer and head
//   model->Forward(batch, kv, logits);
//
// A pass takes a ragged batch: any mix of prompts, chunks of prompts, single
// tokens and drafts. A token's logits are the same bits whatever shares its
// batch, however its prompt was cut, computed in prefill or decode, on any
// number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "libs/device/worker_team.h"
#include "libs/kernels/attention/kv_layout.h"
#include "libs/kernels/rope/rope_frequencies.h"
#include "libs/model/batch.h"
#include "libs/model/config.h"
#include "libs/model/forward_scratch.h"
#include "libs/model/profile.h"
#include "libs/model/weights.h"

namespace tessera::model {

struct ModelOptions {
  device::WorkerTeamOptions team;
  // Computes on this team instead of one of its own, as where two models take
  // turns on the same cores; it outlives the model, and one of its users runs
  // it at a time. `team` is not looked at then.
  device::WorkerTeam* shared_team = nullptr;
  attention::KvDType kv_dtype = attention::KvDType::kBF16;
  // Tokens of the largest batch, 1 to 65,536. Longer prompts take several
  // passes; the scratch grows with it, 30 KB a token for SmolLM2.
  int64_t max_batch_tokens = 512;
  LoadProgress progress;  // told while the weights are packed; may be empty

  absl::Status Validate() const;
};

class Model {
 public:
  // Reads `config`'s tensors. Errors as LoadWeights', and options.Validate's.
  static absl::StatusOr<std::unique_ptr<Model>> Create(
      const ModelConfig& config, const TensorLookup& lookup,
      const ModelOptions& options);

  const ModelConfig& config() const { return config_; }
  const ModelWeights& weights() const { return weights_; }
  attention::KvDType kv_dtype() const { return options_.kv_dtype; }
  int64_t max_batch_tokens() const { return options_.max_batch_tokens; }
  int num_threads() const { return team_->size(); }
  bool leaves_cores() const { return team_->leaves_cores(); }
  device::KernelSet kernels() const { return team_->kernels(); }
  // Between passes, for work of the caller's own.
  device::WorkerTeam& team() { return *team_; }

  // Bytes of one KV block: attention::kKvBlockTokens tokens.
  int64_t kv_block_bytes() const;

  // Computes the batch and writes its keys and values into `kv`. Row i of
  // `logits` [sum of num_logits, vocab_size] belongs to the i-th token asked
  // for, in the batch's order. One call at a time. InvalidArgument, naming the
  // sequence: no tokens or more than max_batch_tokens in all, a token outside
  // the vocabulary, a position at or past context_len, a block table that is
  // too short or names a block outside `kv`, or `logits` too small.
  absl::Status Forward(absl::Span<const BatchSequence> batch,
                       const KvBlocks& kv, absl::Span<float> logits,
                       ForwardProfile* profile = nullptr);

 private:
  Model(const ModelConfig& config, const ModelOptions& options)
      : config_(config), options_(options) {}
  absl::Status CheckBatch(absl::Span<const BatchSequence> batch,
                          const KvBlocks& kv, size_t num_logits) const;

  const ModelConfig config_;
  const ModelOptions options_;
  std::unique_ptr<device::WorkerTeam> own_team_;  // unless one is shared
  device::WorkerTeam* team_ = nullptr;
  kernels::RopeFrequencies rope_;
  ModelWeights weights_;
  ForwardScratch scratch_;
};

}  // namespace tessera::model
