#include "libs/model/model.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/model/forward.h"

namespace tessera::model {
namespace {

// What is wrong with one sequence of a batch, or OK.
absl::Status CheckSequence(const BatchSequence& sequence,
                           const ModelConfig& config, const KvBlocks& kv) {
  const int64_t num_tokens = sequence.tokens.size();
  if (num_tokens == 0) return absl::InvalidArgumentError("it has no tokens");
  for (const int32_t token : sequence.tokens) {
    if (token < 0 || token >= config.vocab_size) {
      return absl::InvalidArgumentError(
          absl::StrCat("token ", token, " is outside the vocabulary of ",
                       config.vocab_size));
    }
  }
  if (sequence.first_position < 0 ||
      sequence.first_position > config.context_len - num_tokens) {
    return absl::InvalidArgumentError(absl::StrCat(
        num_tokens, " tokens from position ", sequence.first_position,
        " do not fit the context of ", config.context_len));
  }
  if (sequence.num_logits < 0 || sequence.num_logits > num_tokens) {
    return absl::InvalidArgumentError(absl::StrCat(
        "logits of ", sequence.num_logits, " of its ", num_tokens, " tokens"));
  }
  const int64_t num_blocks =
      (sequence.first_position + num_tokens - 1) / attention::kKvBlockTokens +
      1;
  if (static_cast<int64_t>(sequence.block_table.size()) < num_blocks) {
    return absl::InvalidArgumentError(
        absl::StrCat("its block table has ", sequence.block_table.size(),
                     " entries: its positions take ", num_blocks));
  }
  for (int64_t i = 0; i < num_blocks; ++i) {
    if (sequence.block_table[i] < 0 ||
        sequence.block_table[i] >= kv.num_blocks) {
      return absl::InvalidArgumentError(
          absl::StrCat("entry ", i, " of its block table is ",
                       sequence.block_table[i], ", of ", kv.num_blocks));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ModelOptions::Validate() const {
  if (max_batch_tokens < 1 || max_batch_tokens > 65536) {
    return absl::InvalidArgumentError(absl::StrCat(
        "max_batch_tokens is ", max_batch_tokens, ": must be from 1 to 65536"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Model>> Model::Create(
    const ModelConfig& config, const TensorLookup& lookup,
    const ModelOptions& options) {
  RETURN_IF_ERROR(options.Validate());
  RETURN_IF_ERROR(config.Validate());
  RETURN_IF_ERROR(attention::ValidateAttentionShape(
      {config.num_heads, config.num_kv_heads, config.head_dim},
      options.kv_dtype));
  std::unique_ptr<Model> model(new Model(config, options));
  model->team_ = options.shared_team;
  if (model->team_ == nullptr) {
    ASSIGN_OR_RETURN(model->own_team_,
                     device::WorkerTeam::Create(options.team));
    model->team_ = model->own_team_.get();
  }
  ASSIGN_OR_RETURN(model->rope_, kernels::RopeFrequencies::Create(config.rope));
  ASSIGN_OR_RETURN(model->weights_, LoadWeights(config, lookup, *model->team_,
                                                options.progress));
  ASSIGN_OR_RETURN(
      model->scratch_,
      ForwardScratch::Allocate(config, model->weights_, options.kv_dtype,
                               model->team_->size(), options.max_batch_tokens,
                               config.context_len));
  return model;
}

int64_t Model::kv_block_bytes() const {
  return attention::KvHeadBytes(options_.kv_dtype, config_.head_dim) *
         config_.num_kv_heads * config_.num_layers;
}

absl::Status Model::CheckBatch(absl::Span<const BatchSequence> batch,
                               const KvBlocks& kv, size_t num_logits) const {
  int64_t num_tokens = 0;
  int64_t num_rows = 0;
  for (size_t i = 0; i < batch.size(); ++i) {
    RETURN_IF_ERROR(Annotate(CheckSequence(batch[i], config_, kv),
                             absl::StrCat("sequence ", i, " of the batch")));
    num_tokens += batch[i].tokens.size();
    num_rows += batch[i].num_logits;
  }
  if (num_tokens == 0 || num_tokens > options_.max_batch_tokens) {
    return absl::InvalidArgumentError(
        absl::StrCat("a batch of ", num_tokens, " tokens: must be from 1 to ",
                     options_.max_batch_tokens));
  }
  if (static_cast<int64_t>(num_logits) < num_rows * config_.vocab_size) {
    return absl::InvalidArgumentError(
        absl::StrCat("room for ", num_logits, " logits: the batch has ",
                     num_rows, " x ", config_.vocab_size));
  }
  if (kv.block_bytes < kv_block_bytes()) {
    return absl::InvalidArgumentError(
        absl::StrCat("KV blocks of ", kv.block_bytes,
                     " bytes: the model needs ", kv_block_bytes()));
  }
  return absl::OkStatus();
}

absl::Status Model::Forward(absl::Span<const BatchSequence> batch,
                            const KvBlocks& kv, absl::Span<float> logits,
                            ForwardProfile* profile) {
  RETURN_IF_ERROR(CheckBatch(batch, kv, logits.size()));
  ForwardPass pass(config_, weights_, rope_, options_.kv_dtype, scratch_, batch,
                   kv, logits.data(), profile);
  team_->Run([&pass](device::Worker& worker) { pass.Run(worker); });
  if (profile != nullptr) ++profile->num_passes;
  return absl::OkStatus();
}

}  // namespace tessera::model
