#include "services/verifier/model_pass.h"

#include "libs/base/check.h"
#include "libs/base/status_macros.h"

namespace tessera::verifier {

using scheduling::Chunk;

ModelPass::ModelPass(model::Model* model, kv_cache::BlockPool* pool,
                     SpeculationRule rule)
    : model_(*model),
      pool_(*pool),
      rule_(rule),
      scratches_(model->num_threads()) {}

absl::Status ModelPass::Forward(absl::Span<const Chunk> chunks,
                                const Owners& owners) {
  batch_.clear();
  drawings_.clear();
  scores_.clear();
  num_rows_ = 0;
  for (const Chunk& chunk : chunks) Add(chunk, owners.at(chunk.sequence));
  return Compute();
}

absl::Status ModelPass::Rehearse(int num_tokens) {
  CHECK(1 <= num_tokens && num_tokens <= kMostRehearsed) << num_tokens;
  ASSIGN_OR_RETURN(const kv_cache::BlockId block, pool_.Allocate());
  const std::vector<int32_t> tokens(num_tokens, 0);
  batch_.assign(1, {.tokens = tokens,
                    .first_position = 0,
                    .block_table = absl::MakeConstSpan(&block, 1),
                    .num_logits = num_tokens});
  num_rows_ = num_tokens;
  const absl::Status status = Compute();
  batch_.clear();
  pool_.Unref(block);
  return status;
}

absl::Status ModelPass::Compute() {
  const int64_t num_logits = num_rows_ * model_.config().vocab_size;
  if (static_cast<int64_t>(logits_.size()) < num_logits) {
    logits_.resize(num_logits);
  }
  return model_.Forward(batch_,
                        {.data = pool_.arena().block(0),
                         .block_bytes = pool_.geometry().block_bytes(),
                         .num_blocks = pool_.num_blocks()},
                        absl::MakeSpan(logits_));
}

void ModelPass::Add(const Chunk& chunk, Request* request) {
  const int64_t num_tokens = chunk.tokens.size();
  const int64_t num_prompt = request->generation().prompt.size();
  const int num_drafted = chunk.num_draft_tokens;
  const int num_logits = chunk.wants_all_logits ? num_tokens
                         : chunk.is_last        ? 1 + num_drafted
                                                : 0;
  batch_.push_back({.tokens = chunk.tokens,
                    .first_position = chunk.first_position,
                    .block_table = chunk.block_table,
                    .num_logits = num_logits});
  for (int64_t i = 0; chunk.wants_all_logits && i < num_tokens; ++i) {
    const int64_t next = chunk.first_position + i + 1;
    if (next < num_prompt) scores_.push_back({request, num_rows_ + i, next});
  }
  num_rows_ += num_logits;
  if (!chunk.is_last) return;
  const int64_t position = chunk.first_position + num_tokens - num_drafted;
  const int first = request->choice_of(chunk.sequence);
  // A prompt's last row is every choice's first.
  const int end = request->has_begun() ? first + 1 : request->num_choices();
  for (int i = first; i < end && request->generation().draws; ++i) {
    drawings_.push_back({request, i, num_rows_ - 1 - num_drafted, position,
                         chunk.tokens.last(num_drafted)});
  }
}

void ModelPass::Draw() {
  DrawAll(logits_, model_.config().vocab_size, rule_, model_.team(),
          absl::MakeSpan(scratches_), absl::MakeSpan(drawings_),
          absl::MakeSpan(scores_));
}

}  // namespace tessera::verifier
