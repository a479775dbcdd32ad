// How the prompts divide a pass's tokens.
//
// The first in rank has half of them: it is never overtaken altogether, so each
// prompt ends, once it is first. The other half goes to whoever has the fewest
// tokens left, so that a long prompt does not keep short ones waiting: a short
// one behind it starts to answer after a pass or two.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tessera::scheduling {

// Of `budget` tokens, each prompt's share: at most what it has left, and in all
// the budget or everything that is left. `num_left` is in order of rank.
std::vector<int64_t> SharePromptBudget(int64_t budget,
                                       absl::Span<const int64_t> num_left);

}  // namespace tessera::scheduling
