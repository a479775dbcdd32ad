// Sequence: a request's tokens, and how far the scheduler is with them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/kv_cache/block_table.h"

namespace tessera::scheduling {

using SequenceId = int64_t;  // never used twice

struct SequenceSpec {
  std::vector<int32_t> tokens;  // the prompt: at least one
  int priority = 0;             // lower is earlier
  std::string cache_salt;       // shares blocks only with the same salt
  // But the blocks that lie wholly within the first so many tokens with every
  // salt: anybody may know them. At most all.
  int64_t num_public_tokens = 0;
  // Tokens are computed even if their blocks are cached: somebody wants the
  // prompt's own logits. After a preemption some may be computed once more.
  bool computes_whole_prompt = false;
};

// What became of one sequence so far.
struct SequenceProgress {
  int64_t num_tokens = 0;
  int64_t num_computed = 0;
  int64_t num_prompt_tokens = 0;
  // Of the prompt, taken from the prefix tree instead of computed, as long as
  // it was never preempted.
  int64_t num_cached = 0;
  int num_preemptions = 0;
  absl::Time arrived;
  absl::Time admitted;  // first; InfiniteFuture before it
};

// Earlier is first. Priority lowered by the time waited,
//   priority - (now - arrived) / aging,
// orders two sequences alike at any time, as arrived + priority * aging does:
// so a rank never changes, and nobody waits for ever behind later arrivals.
struct Rank {
  absl::Time due;  // arrived + priority * aging
  SequenceId id = 0;

  friend bool operator<(const Rank& a, const Rank& b) {
    return std::pair(a.due, a.id) < std::pair(b.due, b.id);
  }
};

struct Sequence {
  Sequence(SequenceId id, SequenceSpec spec, absl::Time now,
           absl::Duration aging, kv_cache::BlockPool& pool);
  // A twin of another id.
  Sequence(SequenceId id, const Sequence& parent);

  int64_t num_tokens() const { return static_cast<int64_t>(tokens.size()); }
  int64_t num_left() const { return num_tokens() - num_computed; }
  // Lacks nothing but the token drawn last.
  bool is_decoding() const {
    return num_left() == 1 && num_computed >= num_prompt_tokens;
  }
  // Of the planned tokens, the draft's.
  int64_t num_planned_drafts() const {
    return std::max<int64_t>(0, num_planned - num_left());
  }
  // Has a prompt, or what a preemption left, to compute.
  bool is_prompt() const { return num_left() > 0 && !is_decoding(); }

  // Forgets the draft, and what was computed of it.
  void DropDraft();

  SequenceProgress progress() const;

  const Rank rank;
  const std::string cache_salt;
  const int64_t num_public_blocks;  // the first ones, shared with every salt
  const bool computes_whole_prompt;
  const int64_t num_prompt_tokens;
  std::vector<int32_t> tokens;

  // Of a decoding sequence: tokens guessed to follow the known ones.
  std::vector<int32_t> draft;

  // [0, num_computed) is computed; the pass under way computes
  // [num_computed, num_computed + num_planned), and `table` covers both. What
  // is planned beyond the known tokens is the draft's beginning.
  kv_cache::BlockTable table;
  int64_t num_computed = 0;
  int64_t num_granted = 0;  // of the next pass's tokens, before blocks
  int64_t num_planned = 0;
  // Of the latest pass, the draft's tokens, computed but not known to be right.
  int64_t num_unverified = 0;
  // Of the table's blocks, the first so many are the prefix tree's.
  int64_t num_shared_blocks = 0;
  // The most that num_computed ever was, before preemptions.
  int64_t most_computed = 0;
  // A waiting one is passed over: something is being found out for it, or, once
  // `is_loading`, brought (Scheduler::Hold).
  bool is_held = false;
  bool is_loading = false;
  int64_t last_turn = 0;     // when it was granted a single token, in turns
  bool is_follower = false;  // in this pass (followers.h)

  int64_t num_cached = 0;
  int num_preemptions = 0;
  const absl::Time arrived;
  absl::Time admitted = absl::InfiniteFuture();
};

using RankedSequences = absl::btree_map<Rank, Sequence*>;

}  // namespace tessera::scheduling
