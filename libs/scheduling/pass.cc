#include "libs/scheduling/pass.h"

#include <utility>

namespace tessera::scheduling {
namespace {

bool WantsAllLogits(const Sequence& sequence) {
  return sequence.computes_whole_prompt &&
         sequence.num_computed < sequence.num_prompt_tokens &&
         sequence.num_computed + sequence.num_planned > sequence.most_computed;
}

// Appends to memory that is reserved, so that earlier spans stay.
template <typename T>
absl::Span<const T> Copy(absl::Span<const T> from, std::vector<T>& to) {
  const size_t begin = to.size();
  to.insert(to.end(), from.begin(), from.end());
  return absl::MakeConstSpan(to).subspan(begin);
}

// The known tokens of the plan, then those of the draft.
absl::Span<const int32_t> CopyPlanned(const Sequence& sequence,
                                      std::vector<int32_t>& to) {
  const size_t begin = to.size();
  const int64_t num_drafts = sequence.num_planned_drafts();
  Copy(absl::MakeConstSpan(sequence.tokens)
           .subspan(sequence.num_computed, sequence.num_planned - num_drafts),
       to);
  Copy(absl::MakeConstSpan(sequence.draft).first(num_drafts), to);
  return absl::MakeConstSpan(to).subspan(begin);
}

}  // namespace

absl::Span<const Chunk> Pass::Build(std::vector<Sequence*> sequences) {
  sequences_ = std::move(sequences);
  size_t num_tokens = 0;
  size_t num_blocks = 0;
  for (const Sequence* sequence : sequences_) {
    num_tokens += sequence->num_planned;
    num_blocks += sequence->table.block_ids().size();
  }
  chunks_.clear();
  tokens_.clear();
  blocks_.clear();
  tokens_.reserve(num_tokens);
  blocks_.reserve(num_blocks);
  for (const Sequence* sequence : sequences_) {
    const int64_t num_draft_tokens = sequence->num_planned_drafts();
    chunks_.push_back(
        {.sequence = sequence->rank.id,
         .tokens = CopyPlanned(*sequence, tokens_),
         .first_position = sequence->num_computed,
         .block_table = Copy(sequence->table.block_ids(), blocks_),
         .is_last = sequence->num_planned >= sequence->num_left(),
         .is_decoding = sequence->is_decoding(),
         .num_draft_tokens = num_draft_tokens,
         .wants_all_logits = WantsAllLogits(*sequence)});
  }
  return chunks_;
}

}  // namespace tessera::scheduling
