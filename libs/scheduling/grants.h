// Grants: how many tokens each running sequence may compute in the next pass,
// as far as the pass's size is concerned.
#pragma once

#include <cstdint>

#include "libs/scheduling/sequence.h"

namespace tessera::scheduling {

struct PassLimits {
  int64_t max_tokens = 0;     // at least 1
  int64_t prompt_budget = 0;  // of them, for prompts
  // Of those, for prompts whose every token's logits are wanted; at least 1.
  int64_t max_logit_rows = 0;
};

// Sets num_granted of every running sequence: one to each that is decoding
// (where a pass has fewer, to those whose last turn is longest ago), then one
// for each token of their drafts, and of the rest its share to each prompt that
// is no follower (prompt_shares.h). The prompts have one token at least where
// nothing is decoding. `num_turns` counts single tokens granted, and goes on.
void GrantTokens(const RankedSequences& running, const PassLimits& limits,
                 int64_t& num_turns);

}  // namespace tessera::scheduling
