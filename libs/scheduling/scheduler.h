// Scheduler: which tokens of which sequences the next forward pass computes.
//
//   engine's loop (services/verifier/engine.cc):
//     absl::Span<const Chunk> pass = scheduler.Schedule(now, prompt_budget);
//     forward(pass);  sample the last row of every chunk that is_last()
//     scheduler.Commit();                      // the pass was computed
//     scheduler.Append(id, token) | scheduler.Remove(id), chunk by chunk
//
// A sequence is a list of known tokens, of which the first num_computed() have
// their keys and values in the cache. Each pass computes some more. When all
// known tokens are computed, the engine draws one and appends it.
//
//   |<------------------- num_tokens() -------------------->|
//   |  from the prefix tree  |  computed here  |  not yet   |
//   |<----------- num_computed() ------------->|
//
// Continuous batching (Orca, Yu et al. 2022) with chunked prefill (Sarathi,
// Agrawal et al. 2023) over paged blocks (vLLM, Kwon et al. 2023): every
// running sequence that lacks one token gets it in every pass; what is left of
// the budget goes to chunks of prompts.
//
// Who runs. Waiting sequences are admitted in the order of (priority lowered by
// the time waited, arrival), while free blocks suffice for what they have to
// compute and a reserve for the running ones. When blocks run out, unreferenced
// cached blocks go first, least recently used; then the running sequence of the
// lowest priority, the youngest among equals, is preempted: its blocks are let
// go (its full ones stay cached while nobody needs them), and it waits again,
// to be computed anew from its tokens, those already drawn included. The oldest
// of the highest priority is never preempted, so that somebody always finishes.
//
// Nothing here changes an answer: a token's logits depend on its sequence alone
// (libs/model/model.h).
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/kv_cache/block_pool.h"

namespace tessera::scheduling {

using SequenceId = int64_t;  // never used twice

struct SchedulerOptions {
  int max_queued = 1024;          // waiting sequences, beyond which Add refuses
  int max_running = 256;          // sequences in one pass
  int64_t max_pass_tokens = 512;  // of one pass: Model::max_batch_tokens()
  int64_t max_context = 0;        // tokens of one sequence
  // So much waiting is worth one step of priority.
  absl::Duration aging = absl::Seconds(10);
  bool prefix_caching = true;

  absl::Status Validate() const;
};

struct SequenceSpec {
  std::vector<int32_t> tokens;  // the prompt: at least one
  int priority = 0;             // lower is earlier
  std::string cache_salt;       // shares blocks only with the same salt
  // Tokens are computed even if their blocks are cached: somebody wants the
  // prompt's own logits.
  bool computes_whole_prompt = false;
};

// One sequence's part of a pass. Valid until the next call of Schedule.
struct Chunk {
  SequenceId sequence = 0;
  absl::Span<const int32_t> tokens;
  int64_t first_position = 0;
  absl::Span<const kv_cache::BlockId> block_table;
  // All known tokens are computed after this chunk: its last row's logits are
  // those of the next token.
  bool is_last = false;
  // The whole prompt's logits are wanted (computes_whole_prompt).
  bool wants_all_logits = false;
};

struct SchedulerStats {
  int num_running = 0;
  int num_waiting = 0;
  int64_t num_preemptions = 0;
  int64_t num_queried_tokens = 0;  // prompt tokens looked up in the prefix tree
  int64_t num_hit_tokens = 0;      // of them, found
  int32_t num_blocks = 0;
  int32_t num_blocks_in_use = 0;  // held by sequences
  int32_t num_blocks_cached = 0;  // held by the prefix tree alone
};

// What became of one sequence so far.
struct SequenceProgress {
  int64_t num_tokens = 0;
  int64_t num_computed = 0;
  int64_t num_prompt_tokens = 0;
  int64_t num_cached =
      0;  // of the prompt, taken from the tree at first admission
  int num_preemptions = 0;
  absl::Time arrived;
  absl::Time admitted;  // first; InfiniteFuture before it
};

class Scheduler {
 public:
  // `pool` outlives the scheduler. Errors: options.Validate's.
  static absl::StatusOr<std::unique_ptr<Scheduler>> Create(
      const SchedulerOptions& options, kv_cache::BlockPool* pool);
  ~Scheduler();

  // Queues a sequence. InvalidArgument: no tokens, more than max_context, or
  // more blocks than the pool has. ResourceExhausted: max_queued wait already.
  absl::StatusOr<SequenceId> Add(SequenceSpec spec, absl::Time now);

  // A running sequence's twin, running too: the same tokens in the same blocks
  // (copied when written). For n > 1, once the prompt is computed. CHECK: it is
  // running and all its tokens are computed.
  SequenceId Fork(SequenceId parent);

  // Plans the next pass: at most max_pass_tokens, of which prompt chunks (of
  // more than one token, or of a prompt) take at most prompt_budget in all; the
  // oldest gets at least one token when nothing else runs. Empty: nothing to
  // do. Copies shared tails and preempts as needed, so call it between passes
  // only.
  absl::Span<const Chunk> Schedule(absl::Time now, int64_t prompt_budget);

  // The latest pass was computed: its tokens count as computed, its full blocks
  // are in the prefix tree. Between Schedule and Commit no other call but const
  // ones. Without Commit (the pass failed) the next Schedule plans it again.
  void Commit();

  // A token drawn: the sequence's next. CHECK: all its tokens are computed.
  void Append(SequenceId id, int32_t token);

  // Finished or given up, running or waiting: its blocks are let go at once,
  // the full ones staying cached while nobody needs them.
  void Remove(SequenceId id);

  // CHECK: exists.
  SequenceProgress progress(SequenceId id) const;
  absl::Span<const int32_t> tokens(SequenceId id) const;

  SchedulerStats stats() const;

  // How long until the longest-waiting is likely admitted is the engine's to
  // guess; this is what it waits behind: tokens yet to compute of all prompts.
  int64_t num_prompt_tokens_left() const;

  // Forgets every cached block that no sequence holds.
  void ClearCache();

 private:
  struct Parts;
  explicit Scheduler(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tessera::scheduling
