#include "tools/cli/model_sequence.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/kernels/attention/kv_layout.h"

namespace tessera::cli {
namespace {

// Rows of logits held at a time: 25 MB for a vocabulary of 49,152.
constexpr int64_t kScoredTokens = 128;

}  // namespace

absl::StatusOr<std::unique_ptr<ModelSequence>> ModelSequence::Create(
    model::Model* model, int64_t context_len) {
  const int64_t trained = model->config().context_len;
  context_len = context_len == 0 ? trained : std::min(context_len, trained);
  const int block_tokens = attention::kKvBlockTokens;
  const kv_cache::KvGeometry geometry = {
      .block_tokens = block_tokens,
      .num_layers = model->config().num_layers,
      .layer_bytes = model->kv_block_bytes() / model->config().num_layers};
  ASSIGN_OR_RETURN(
      std::unique_ptr<kv_cache::BlockPool> pool,
      kv_cache::BlockPool::Create(
          geometry, (context_len + block_tokens - 1) / block_tokens));
  return std::unique_ptr<ModelSequence>(
      new ModelSequence(model, context_len, std::move(pool)));
}

ModelSequence::ModelSequence(model::Model* model, int64_t context_len,
                             std::unique_ptr<kv_cache::BlockPool> pool)
    : model_(model),
      context_len_(context_len),
      pool_(std::move(pool)),
      table_(*pool_) {}

absl::Status ModelSequence::Pass(absl::Span<const int32_t> tokens,
                                 int num_logits) {
  const int64_t first_position = tokens_.size();
  RETURN_IF_ERROR(table_.Append(tokens.size()));
  logits_.resize(std::max<size_t>(
      logits_.size(), static_cast<size_t>(num_logits) * vocab_size()));
  const model::BatchSequence sequence = {.tokens = tokens,
                                         .first_position = first_position,
                                         .block_table = table_.block_ids(),
                                         .num_logits = num_logits};
  const model::KvBlocks blocks = {
      .data = pool_->arena().block(0),
      .block_bytes = pool_->geometry().block_bytes(),
      .num_blocks = pool_->num_blocks()};
  const absl::Status status =
      model_->Forward({sequence}, blocks, absl::MakeSpan(logits_), profile_);
  if (!status.ok()) {
    table_.Truncate(first_position);
    return status;
  }
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  return absl::OkStatus();
}

absl::StatusOr<absl::Span<const float>> ModelSequence::Extend(
    absl::Span<const int32_t> tokens) {
  while (true) {
    const size_t num_tokens =
        std::min<size_t>(tokens.size(), model_->max_batch_tokens());
    const bool is_last = num_tokens == tokens.size();
    RETURN_IF_ERROR(Pass(tokens.first(num_tokens), is_last ? 1 : 0));
    if (is_last) return absl::MakeConstSpan(logits_).first(vocab_size());
    tokens.remove_prefix(num_tokens);
  }
}

absl::Status ModelSequence::ExtendAndScore(
    absl::Span<const int32_t> tokens,
    absl::FunctionRef<void(int64_t, absl::Span<const float>)> row) {
  const int64_t chunk = std::min(kScoredTokens, model_->max_batch_tokens());
  const int64_t num_tokens = tokens.size();
  for (int64_t begin = 0; begin < num_tokens; begin += chunk) {
    const absl::Span<const int32_t> part = tokens.subspan(begin, chunk);
    RETURN_IF_ERROR(Pass(part, static_cast<int>(part.size())));
    for (size_t i = 0; i < part.size(); ++i) {
      row(begin + i,
          absl::MakeConstSpan(logits_).subspan(i * vocab_size(), vocab_size()));
    }
  }
  return absl::OkStatus();
}

absl::Span<const uint8_t> ModelSequence::kv_arena() const {
  const kv_cache::KvArena& arena = pool_->arena();
  return absl::MakeConstSpan(
      arena.block(0), arena.num_blocks() * arena.geometry().block_bytes());
}

void ModelSequence::Truncate(int64_t num_tokens) {
  tokens_.resize(num_tokens);
  table_.Truncate(num_tokens);
}

}  // namespace tessera::cli
