// ModelSequence: one sequence in a Model, with a KV cache of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/kv_cache/block_table.h"
#include "libs/model/model.h"
#include "libs/model/profile.h"
#include "tools/cli/sequence_model.h"

namespace tessera::cli {

class ModelSequence : public SequenceModel {
 public:
  // `model` outlives the sequence. context_len: 0 for the model's own, which
  // it is cut to. ResourceExhausted: no memory for so many keys and values.
  static absl::StatusOr<std::unique_ptr<ModelSequence>> Create(
      model::Model* model, int64_t context_len);

  int vocab_size() const override { return model_->config().vocab_size; }
  int64_t context_len() const override { return context_len_; }
  absl::Span<const int32_t> tokens() const override { return tokens_; }
  absl::StatusOr<absl::Span<const float>> Extend(
      absl::Span<const int32_t> tokens) override;
  absl::Status ExtendAndScore(
      absl::Span<const int32_t> tokens,
      absl::FunctionRef<void(int64_t, absl::Span<const float>)> row) override;
  void Truncate(int64_t num_tokens) override;

  // All of the arena, used or not.
  absl::Span<const uint8_t> kv_arena() const;

  // Passes add their times to it from now on; null: to none.
  void set_profile(model::ForwardProfile* profile) { profile_ = profile; }

 private:
  ModelSequence(model::Model* model, int64_t context_len,
                std::unique_ptr<kv_cache::BlockPool> pool);
  // One pass; the logits of the last num_logits tokens are then in logits_.
  absl::Status Pass(absl::Span<const int32_t> tokens, int num_logits);

  model::Model* const model_;
  const int64_t context_len_;
  std::unique_ptr<kv_cache::BlockPool> pool_;
  kv_cache::BlockTable table_;  // after pool_, whose blocks it returns
  std::vector<int32_t> tokens_;
  std::vector<float> logits_;
  model::ForwardProfile* profile_ = nullptr;
};

}  // namespace tessera::cli
