// Followers: running sequences that would compute a block that another of them
// is about to compute.
//
// Sixteen equal prompts that arrive together are computed about once: each
// whose next block is also that of a sequence further on (or as far and of
// earlier rank) waits for it, and takes it from the prefix tree when it is
// there.
//
// A leader follows nobody and can go on: either it is inside the block, which
// is its own, or it is the first in rank of those before the block, so that it
// can preempt the others.
#pragma once

#include "libs/scheduling/prefix_sharing.h"
#include "libs/scheduling/sequence.h"

namespace tessera::scheduling {

// Sets is_follower of every running sequence.
void MarkFollowers(const RankedSequences& running, int block_tokens,
                   const PrefixSharing& sharing);

}  // namespace tessera::scheduling
