// Scheduler: which tokens of which sequences the next forward pass computes.
//
//   engine's loop (services/verifier/engine.cc):
//     absl::Span<const Chunk> pass = scheduler.Schedule(now, prompt_budget);
//     forward(pass);  sample the last row of every chunk that is_last()
//     scheduler.Commit();                      // the pass was computed
//     chunk by chunk: scheduler.Accept(id, n) of a draft, then
//     scheduler.Append(id, token) | scheduler.Remove(id)
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
// Who runs. Sequences have a rank: priority lowered by the time waited, then
// arrival (sequence.h). Waiting ones are admitted in its order, strictly, while
// blocks can be had for what they have to compute, for what running prompts
// still have to, and one for each running sequence. When blocks run out, cached
// ones that no sequence holds go first, least recently used; then the running
// sequence last in rank is preempted: its blocks are let go (they stay cached
// while nobody needs them), and it waits again, to be computed anew from its
// tokens, those already drawn included. A sequence preempts only those after it
// in rank; the last one waits. So the first is never preempted, and as it can
// have every block, somebody always finishes.
//
// Drafts (speculative decoding). A decoding sequence may be given tokens that
// are guessed to follow: they are computed in the same pass as the token before
// them, as far as the pass and the free blocks reach, and nobody is preempted
// for them. What is accepted of them joins the known tokens, the rest is taken
// back.
//
// How prompts divide a pass: prompt_shares.h. Prompts with a common beginning
// that arrive together compute it once: followers.h.
//
// Nothing here changes an answer: a token's logits depend on its sequence alone
// (libs/model/model.h).
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/scheduling/pass.h"
#include "libs/scheduling/sequence.h"

namespace tessera::scheduling {

struct SchedulerOptions {
  int max_queued = 1024;          // waiting sequences, beyond which Add refuses
  int max_running = 256;          // sequences in one pass
  int64_t max_pass_tokens = 512;  // of one pass: Model::max_batch_tokens()
  int64_t max_context = 0;        // tokens of one sequence
  // Of one pass, for prompts whose own logits are wanted: each row takes the
  // memory of a vocabulary of floats.
  int64_t max_logit_rows = 128;
  // So much waiting is worth one step of priority.
  absl::Duration aging = absl::Seconds(10);
  bool prefix_caching = true;

  absl::Status Validate() const;
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

class Scheduler {
 public:
  // `pool` outlives the scheduler. Errors: options.Validate's.
  static absl::StatusOr<std::unique_ptr<Scheduler>> Create(
      const SchedulerOptions& options, kv_cache::BlockPool* pool);
  ~Scheduler();

  // The most tokens that a sequence may have: max_context, or those of the
  // whole pool where it is smaller. Whoever has as many is to be removed.
  int64_t max_sequence_tokens() const;

  // Queues a sequence. InvalidArgument: no tokens, more than max_context, or
  // more blocks than the pool has. ResourceExhausted: max_queued wait already.
  absl::StatusOr<SequenceId> Add(SequenceSpec spec, absl::Time now);

  // A running sequence's twin, running too (max_running or not): the same
  // tokens in the same blocks (copied when written). For n > 1, once the prompt
  // is computed: after Commit, before the next Schedule. CHECK: it is running
  // and all its tokens are computed.
  SequenceId Fork(SequenceId parent);

  // Plans the next pass: at most max_pass_tokens, of which prompt chunks (of
  // more than one token, or of a prompt) take at most prompt_budget in all; the
  // first gets at least one token when nothing else runs. Where more sequences
  // lack one token than a pass has, those go first that waited longest. Empty:
  // nothing to do. Copies shared tails and preempts as needed, so call it
  // between passes only, with a token appended to whoever had a last chunk.
  absl::Span<const Chunk> Schedule(absl::Time now, int64_t prompt_budget);

  // The latest pass was computed: its tokens count as computed, its full blocks
  // are in the prefix tree. Between Schedule and Commit no other call but const
  // ones. Without Commit (the pass failed) the next Schedule plans it again,
  // and sequences may be removed before.
  void Commit();

  // Whether it runs and lacks just the token drawn last: the next pass is to
  // compute that, and can verify a draft.
  bool is_decoding(SequenceId id) const;

  // Tokens that may follow the sequence's known ones, for the next pass alone.
  // Ignored unless is_decoding; cut where the
  // sequence would be longer than max_sequence_tokens.
  void SetDraft(SequenceId id, absl::Span<const int32_t> tokens);

  // Of the latest pass's draft tokens the first `num_tokens` are the right
  // ones: they are known and computed now. After Commit, before Append. CHECK:
  // there were as many.
  void Accept(SequenceId id, int64_t num_tokens);

  // A token drawn: the sequence's next. What is left of a draft is forgotten.
  // CHECK: all its tokens are computed (or were, before a preemption), and
  // fewer than max_sequence_tokens().
  void Append(SequenceId id, int32_t token);

  // Blocks from elsewhere, such as a store. A held sequence is not admitted as
  // long as it waits; those behind it are, once there are blocks for it too.
  //   Hold -> (is_admissible) -> BeginLoad -> Filled ... -> EndLoad
  // Unhold may come before the last two: then it computes while blocks still
  // come, and takes those ahead of it. CHECK: exists.
  void Hold(SequenceId id);
  void Unhold(SequenceId id);
  // It waits, and the next Schedule would admit it now, were it not held.
  bool is_admissible(SequenceId id);
  // Whole blocks of its tokens that it would find in the prefix tree, and how
  // many it could use at most.
  int64_t NumFindableBlocks(SequenceId id);
  int64_t NumUsableBlocks(SequenceId id) const;
  // Blocks to fill, behind those that it would find: [first, first + blocks) of
  // its tokens, at most up to block `end`, evicting as needed. They are the
  // caller's until EndLoad. CHECK: it waits, and has no load.
  struct LoadTarget {
    int64_t first_block = 0;
    absl::Span<const kv_cache::BlockId> blocks;
  };
  LoadTarget BeginLoad(SequenceId id, int64_t end);
  // The first so many of them are filled: found from now on.
  void Filled(SequenceId id, int64_t num_blocks);
  // Nobody writes to the rest any more. Remove ends a load too. A sequence
  // without one: nothing.
  void EndLoad(SequenceId id);

  // Finished or given up, running or waiting: its blocks are let go at once,
  // what is computed staying cached while nobody needs them.
  void Remove(SequenceId id);

  // CHECK: exists.
  SequenceProgress progress(SequenceId id) const;
  absl::Span<const int32_t> tokens(SequenceId id) const;
  // Where its computed tokens' keys and values are; none while it waits.
  absl::Span<const kv_cache::BlockId> block_table(SequenceId id) const;

  SchedulerStats stats() const;

  // Tokens yet to compute of all prompts, waiting ones included.
  int64_t num_prompt_tokens_left() const;

  // Forgets every cached block that no sequence holds.
  void ClearCache();

 private:
  struct Parts;
  explicit Scheduler(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tessera::scheduling
