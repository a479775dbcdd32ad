#include "libs/scheduling/sequence.h"

namespace tessera::scheduling {

Sequence::Sequence(SequenceId id, SequenceSpec spec, absl::Time now,
                   absl::Duration aging, kv_cache::BlockPool& pool)
    : rank{now + spec.priority * aging, id},
      cache_salt(std::move(spec.cache_salt)),
      num_public_blocks(spec.num_public_tokens / pool.geometry().block_tokens),
      computes_whole_prompt(spec.computes_whole_prompt),
      num_prompt_tokens(static_cast<int64_t>(spec.tokens.size())),
      tokens(std::move(spec.tokens)),
      table(pool),
      arrived(now) {}

Sequence::Sequence(SequenceId id, const Sequence& parent)
    : rank{parent.rank.due, id},
      cache_salt(parent.cache_salt),
      num_public_blocks(parent.num_public_blocks),
      computes_whole_prompt(parent.computes_whole_prompt),
      num_prompt_tokens(parent.num_prompt_tokens),
      tokens(parent.tokens),
      table(parent.table.Fork()),
      num_computed(parent.num_computed),
      num_shared_blocks(parent.num_shared_blocks),
      most_computed(parent.most_computed),
      last_turn(parent.last_turn),
      num_cached(parent.num_cached),
      arrived(parent.arrived),
      admitted(parent.admitted) {}

void Sequence::DropDraft() {
  if (num_unverified > 0) table.Truncate(num_computed);
  num_unverified = 0;
  draft.clear();
}

SequenceProgress Sequence::progress() const {
  return {.num_tokens = num_tokens(),
          .num_computed = num_computed,
          .num_prompt_tokens = num_prompt_tokens,
          .num_cached = num_cached,
          .num_preemptions = num_preemptions,
          .arrived = arrived,
          .admitted = admitted};
}

}  // namespace tessera::scheduling
