#include "libs/scheduling/scheduler.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/kv_cache/prefix_tree.h"
#include "libs/scheduling/admission.h"
#include "libs/scheduling/block_supply.h"
#include "libs/scheduling/followers.h"
#include "libs/scheduling/grants.h"
#include "libs/scheduling/loading.h"
#include "libs/scheduling/prefix_sharing.h"

namespace tessera::scheduling {

using kv_cache::PrefixTree;

// Every sequence is in `waiting` (no blocks, nothing computed) or in `running`.
struct Scheduler::Parts {
  Parts(const SchedulerOptions& options, kv_cache::BlockPool& pool)
      : options(options), pool(pool) {}

  // The steps of Schedule, in their order.
  void DropPass();
  void CatchUp();
  void Admit(absl::Time now);
  void TakeTails();
  std::vector<Sequence*> Plan();
  void DropUnplannedDrafts();

  // The steps of Plan.
  bool PlanOne(Sequence& sequence);
  void Preempt(Sequence& sequence);

  void Release(Sequence& sequence);
  Sequence& Find(SequenceId id) const;
  Sequence& AddSequence(std::unique_ptr<Sequence> sequence);

  const SchedulerOptions options;
  kv_cache::BlockPool& pool;
  PrefixTree tree{pool};
  BlockSupply supply{pool, tree};
  PrefixSharing sharing{pool, tree, options.prefix_caching};

  absl::flat_hash_map<SequenceId, std::unique_ptr<Sequence>> sequences;
  absl::flat_hash_map<SequenceId, std::unique_ptr<Loading>> loadings;
  RankedSequences waiting;
  RankedSequences running;
  Pass pass;

  SequenceId next_id = 1;
  int64_t num_turns = 0;  // single tokens granted
  int64_t num_preemptions = 0;
  int64_t num_queried_tokens = 0;
};

absl::StatusOr<std::unique_ptr<Scheduler>> Scheduler::Create(
    const SchedulerOptions& options, kv_cache::BlockPool* pool) {
  RETURN_IF_ERROR(options.Validate());
  return std::unique_ptr<Scheduler>(
      new Scheduler(std::make_unique<Parts>(options, *pool)));
}

Scheduler::Scheduler(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Scheduler::~Scheduler() = default;

absl::Span<const Chunk> Scheduler::Schedule(absl::Time now,
                                            int64_t prompt_budget) {
  Parts& parts = *parts_;
  parts.DropPass();
  parts.CatchUp();
  parts.Admit(now);
  MarkFollowers(parts.running, parts.pool.geometry().block_tokens,
                parts.sharing);
  parts.TakeTails();
  GrantTokens(parts.running,
              {.max_tokens = parts.options.max_pass_tokens,
               .prompt_budget = prompt_budget,
               .max_logit_rows = parts.options.max_logit_rows},
              parts.num_turns);
  std::vector<Sequence*> planned = parts.Plan();
  parts.DropUnplannedDrafts();
  return parts.pass.Build(std::move(planned));
}

void Scheduler::Commit() {
  for (Sequence* sequence : parts_->pass.sequences()) {
    sequence->num_unverified = sequence->num_planned_drafts();
    sequence->num_computed +=
        std::exchange(sequence->num_planned, 0) - sequence->num_unverified;
    sequence->most_computed =
        std::max(sequence->most_computed, sequence->num_computed);
    parts_->sharing.GiveBlocks(*sequence);
  }
  parts_->pass.Clear();
}

// A pass that was planned but not computed.
void Scheduler::Parts::DropPass() {
  for (Sequence* sequence : pass.sequences()) {
    sequence->num_planned = 0;
    sequence->table.Truncate(sequence->num_computed);
  }
  pass.Clear();
}

// Blocks that others computed since are taken instead of computed again.
void Scheduler::Parts::CatchUp() {
  for (const auto& [rank, sequence] : running) {
    sharing.TakeBlocks(sharing.Find(*sequence), *sequence);
  }
}

void Scheduler::Parts::Admit(absl::Time now) {
  for (auto next = waiting.begin();
       next != waiting.end() && running.size() < options.max_running;) {
    Sequence& sequence = *next->second;
    if (sequence.is_loading) {  // its blocks are already counted
      ++next;
      continue;
    }
    const PrefixTree::Match match = sharing.Find(sequence);
    if (!CanAdmit(sequence, match, running, pool, supply)) return;
    if (sequence.is_held) {
      ++next;
      continue;
    }
    if (sequence.admitted == absl::InfiniteFuture()) {
      sequence.admitted = now;
      if (options.prefix_caching && !sequence.computes_whole_prompt) {
        num_queried_tokens += sequence.num_prompt_tokens;
      }
    }
    sharing.TakeBlocks(match, sequence);
    next = waiting.erase(next);
    running.emplace(sequence.rank, &sequence);
  }
}

// Followers take none: whole blocks come to them.
void Scheduler::Parts::TakeTails() {
  for (const auto& [rank, sequence] : running) {
    if (!sequence->is_follower) sharing.TakeTail(*sequence);
  }
}

// In order of rank, so that whoever is preempted is not yet planned.
std::vector<Sequence*> Scheduler::Parts::Plan() {
  std::vector<Sequence*> by_rank;
  for (const auto& [rank, sequence] : running) by_rank.push_back(sequence);
  std::vector<Sequence*> planned;
  for (size_t i = 0; i < by_rank.size(); ++i) {
    Sequence& sequence = *by_rank[i];
    if (sequence.num_granted == 0) continue;
    while (!PlanOne(sequence) && i + 1 < by_rank.size()) {
      Preempt(*by_rank.back());
      by_rank.pop_back();
    }
    if (sequence.num_planned > 0) planned.push_back(&sequence);
  }
  return planned;
}

// A draft is for one pass.
void Scheduler::Parts::DropUnplannedDrafts() {
  for (const auto& [rank, sequence] : running) {
    if (sequence->num_planned_drafts() == 0) sequence->draft.clear();
  }
}

// As much of the grant as there are blocks for. False: not one token.
bool Scheduler::Parts::PlanOne(Sequence& sequence) {
  sharing.ReclaimTail(sequence);
  sequence.num_planned =
      std::min(sequence.num_granted, supply.NumTokensThatFit(sequence.table));
  if (sequence.num_planned == 0) return false;
  supply.Append(sequence.num_planned, sequence.table);
  return true;
}

void Scheduler::Parts::Preempt(Sequence& sequence) {
  Release(sequence);
  ++sequence.num_preemptions;
  ++num_preemptions;
  waiting.emplace(sequence.rank, &sequence);
}

// A running sequence's blocks are let go.
void Scheduler::Parts::Release(Sequence& sequence) {
  sharing.GiveTail(sequence);
  sequence.DropDraft();
  sequence.table.Truncate(0);
  sequence.num_computed = 0;
  sequence.num_shared_blocks = 0;
  running.erase(sequence.rank);
}

absl::StatusOr<SequenceId> Scheduler::Add(SequenceSpec spec, absl::Time now) {
  const auto num_tokens = static_cast<int64_t>(spec.tokens.size());
  if (num_tokens == 0) return absl::InvalidArgumentError("no tokens");
  if (num_tokens > parts_->options.max_context) {
    return absl::InvalidArgumentError(absl::StrCat(
        num_tokens, " tokens: the context has ", parts_->options.max_context));
  }
  const int64_t num_blocks = parts_->supply.NumBlocks(num_tokens);
  if (num_blocks > parts_->pool.num_blocks()) {
    return absl::InvalidArgumentError(
        absl::StrCat(num_tokens, " tokens need ", num_blocks,
                     " KV blocks: there are ", parts_->pool.num_blocks()));
  }
  if (parts_->waiting.size() >= parts_->options.max_queued) {
    return absl::ResourceExhaustedError(
        absl::StrCat(parts_->waiting.size(), " sequences wait already"));
  }
  Sequence& sequence = parts_->AddSequence(
      std::make_unique<Sequence>(parts_->next_id++, std::move(spec), now,
                                 parts_->options.aging, parts_->pool));
  parts_->waiting.emplace(sequence.rank, &sequence);
  return sequence.rank.id;
}

SequenceId Scheduler::Fork(SequenceId parent) {
  const Sequence& from = parts_->Find(parent);
  CHECK(parts_->running.contains(from.rank)) << parent << " does not run";
  CHECK(from.num_left() == 0) << from.num_left() << " tokens not computed";
  CHECK(from.num_unverified == 0) << "a draft is being verified";
  Sequence& sequence =
      parts_->AddSequence(std::make_unique<Sequence>(parts_->next_id++, from));
  parts_->running.emplace(sequence.rank, &sequence);
  return sequence.rank.id;
}

bool Scheduler::is_decoding(SequenceId id) const {
  // A waiting one has nothing computed.
  return parts_->Find(id).is_decoding();
}

void Scheduler::SetDraft(SequenceId id, absl::Span<const int32_t> tokens) {
  Sequence& sequence = parts_->Find(id);
  if (!sequence.is_decoding()) return;
  const int64_t room = max_sequence_tokens() - sequence.num_tokens();
  tokens = tokens.first(std::min<int64_t>(tokens.size(), room));
  sequence.draft.assign(tokens.begin(), tokens.end());
}

void Scheduler::Accept(SequenceId id, int64_t num_tokens) {
  Sequence& sequence = parts_->Find(id);
  CHECK(0 <= num_tokens && num_tokens <= sequence.num_unverified)
      << num_tokens << " of " << sequence.num_unverified << " draft tokens";
  sequence.tokens.insert(sequence.tokens.end(), sequence.draft.begin(),
                         sequence.draft.begin() + num_tokens);
  sequence.num_computed += num_tokens;
  sequence.most_computed =
      std::max(sequence.most_computed, sequence.num_computed);
  sequence.DropDraft();
  parts_->sharing.GiveBlocks(sequence);
}

void Scheduler::Append(SequenceId id, int32_t token) {
  Sequence& sequence = parts_->Find(id);
  CHECK(sequence.most_computed == sequence.num_tokens())
      << sequence.num_tokens() - sequence.most_computed
      << " tokens not computed";
  CHECK(sequence.num_tokens() < max_sequence_tokens())
      << "a sequence of " << sequence.num_tokens() << " tokens is at its end";
  sequence.DropDraft();
  sequence.tokens.push_back(token);
}

void Scheduler::Remove(SequenceId id) {
  Sequence& sequence = parts_->Find(id);
  parts_->DropPass();
  if (parts_->waiting.erase(sequence.rank) == 0) parts_->Release(sequence);
  parts_->loadings.erase(id);
  parts_->sequences.erase(id);
}

Sequence& Scheduler::Parts::AddSequence(std::unique_ptr<Sequence> sequence) {
  Sequence& added = *sequence;
  sequences.emplace(added.rank.id, std::move(sequence));
  return added;
}

Sequence& Scheduler::Parts::Find(SequenceId id) const {
  const auto found = sequences.find(id);
  CHECK(found != sequences.end()) << "no sequence " << id;
  return *found->second;
}

int64_t Scheduler::max_sequence_tokens() const {
  const kv_cache::BlockPool& pool = parts_->pool;
  return std::min(parts_->options.max_context,
                  int64_t{pool.num_blocks()} * pool.geometry().block_tokens);
}

SequenceProgress Scheduler::progress(SequenceId id) const {
  return parts_->Find(id).progress();
}

absl::Span<const int32_t> Scheduler::tokens(SequenceId id) const {
  return parts_->Find(id).tokens;
}

absl::Span<const kv_cache::BlockId> Scheduler::block_table(
    SequenceId id) const {
  return parts_->Find(id).table.block_ids();
}

SchedulerStats Scheduler::stats() const {
  const kv_cache::BlockPool& pool = parts_->pool;
  return {.num_running = static_cast<int>(parts_->running.size()),
          .num_waiting = static_cast<int>(parts_->waiting.size()),
          .num_preemptions = parts_->num_preemptions,
          .num_queried_tokens = parts_->num_queried_tokens,
          .num_hit_tokens = parts_->sharing.num_hit_tokens(),
          .num_blocks = pool.num_blocks(),
          .num_blocks_in_use =
              pool.num_blocks() - pool.num_free() - pool.num_only_cached(),
          .num_blocks_cached = pool.num_only_cached()};
}

int64_t Scheduler::num_prompt_tokens_left() const {
  int64_t num_left = 0;
  for (const auto& [id, sequence] : parts_->sequences) {
    if (sequence->is_prompt()) num_left += sequence->num_left();
  }
  return num_left;
}

void Scheduler::Hold(SequenceId id) { parts_->Find(id).is_held = true; }

void Scheduler::Unhold(SequenceId id) {
  Sequence& sequence = parts_->Find(id);
  sequence.is_held = sequence.is_loading = false;
}

bool Scheduler::is_admissible(SequenceId id) {
  Sequence& sequence = parts_->Find(id);
  return parts_->waiting.contains(sequence.rank) &&
         parts_->running.size() < parts_->options.max_running &&
         CanAdmit(sequence, parts_->sharing.Find(sequence), parts_->running,
                  parts_->pool, parts_->supply);
}

int64_t Scheduler::NumUsableBlocks(SequenceId id) const {
  const Sequence& sequence = parts_->Find(id);
  return (sequence.num_computed + parts_->sharing.NumTakeable(sequence)) /
         parts_->pool.geometry().block_tokens;
}

int64_t Scheduler::NumFindableBlocks(SequenceId id) {
  return parts_->sharing.Find(parts_->Find(id)).blocks.size();
}

Scheduler::LoadTarget Scheduler::BeginLoad(SequenceId id, int64_t end) {
  Sequence& sequence = parts_->Find(id);
  CHECK(parts_->waiting.contains(sequence.rank)) << id << " does not wait";
  std::unique_ptr<Loading>& loading = parts_->loadings[id];
  CHECK(loading == nullptr) << id << " is being loaded";
  const PrefixTree::Match match = parts_->sharing.Find(sequence);
  const auto num_found = static_cast<int64_t>(match.blocks.size());
  loading = std::make_unique<Loading>(parts_->pool, parts_->tree,
                                      parts_->supply, sequence, match,
                                      std::max<int64_t>(0, end - num_found));
  sequence.is_loading = sequence.is_held;
  return {num_found, loading->blocks()};
}

void Scheduler::Filled(SequenceId id, int64_t num_blocks) {
  parts_->loadings.at(id)->Filled(num_blocks);
}

void Scheduler::EndLoad(SequenceId id) { parts_->loadings.erase(id); }

void Scheduler::ClearCache() { parts_->tree.Clear(); }

}  // namespace tessera::scheduling
