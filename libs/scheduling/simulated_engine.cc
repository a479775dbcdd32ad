#include "libs/scheduling/simulated_engine.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "gtest/gtest.h"

namespace tessera::scheduling {
namespace {

using kv_cache::BlockId;

constexpr kv_cache::KvGeometry kGeometry = {
    .block_tokens = SimulatedEngine::kBlockTokens,
    .num_layers = 1,
    .layer_bytes = 64};

// A function of the sequence's own tokens, as a model's are.
int32_t NextToken(SequenceId id, absl::Span<const int32_t> tokens) {
  return static_cast<int32_t>((tokens.size() * 7 + tokens.back() + id % 3) % 4);
}

}  // namespace

SimulatedEngine::SimulatedEngine(int num_blocks,
                                 const SchedulerOptions& options)
    : options_(options),
      pool_(*kv_cache::BlockPool::Create(kGeometry, num_blocks)),
      scheduler_(*Scheduler::Create(options, pool_.get())) {}

absl::StatusOr<SequenceId> SimulatedEngine::Add(SequenceSpec spec,
                                                int64_t num_new) {
  SimulatedSequence sequence = {.salt = spec.cache_salt, .tokens = spec.tokens};
  sequence.num_public_tokens =
      spec.num_public_tokens / kBlockTokens * kBlockTokens;
  sequence.num_prompt_tokens = static_cast<int64_t>(spec.tokens.size());
  sequence.max_tokens = std::min(sequence.num_prompt_tokens + num_new,
                                 scheduler_->max_sequence_tokens());
  sequence.computes_whole_prompt = spec.computes_whole_prompt;
  const absl::StatusOr<SequenceId> id = scheduler_->Add(std::move(spec), now_);
  if (id.ok()) sequences_.emplace(*id, std::move(sequence));
  return id;
}

SequenceId SimulatedEngine::Fork(SequenceId parent) {
  const SequenceId id = scheduler_->Fork(parent);
  EXPECT_TRUE(sequences_.emplace(id, sequences_.at(parent)).second);
  return id;
}

void SimulatedEngine::Remove(SequenceId id) {
  scheduler_->Remove(id);
  sequences_.erase(id);
  loads_.erase(id);
}

bool SimulatedEngine::BeginLoad(SequenceId id, int64_t num_blocks) {
  if (is_loading(id) || !scheduler_->is_admissible(id)) return false;
  const int64_t end = std::min(scheduler_->NumFindableBlocks(id) + num_blocks,
                               scheduler_->NumUsableBlocks(id));
  scheduler_->Hold(id);
  const Scheduler::LoadTarget target = scheduler_->BeginLoad(id, end);
  loads_[id] = {target.first_block,
                {target.blocks.begin(), target.blocks.end()}};
  return true;
}

void SimulatedEngine::FillSome(SequenceId id, int64_t num_blocks) {
  SimulatedLoad& load = loads_.at(id);
  const SimulatedSequence& sequence = sequences_.at(id);
  const std::vector<uint64_t> hashes = Hashes(sequence, sequence.tokens);
  for (; num_blocks > 0 && load.num_filled < load.blocks.size(); --num_blocks) {
    const BlockId block = load.blocks[load.num_filled];
    EXPECT_EQ(pool_->num_owners(block), 1);
    auto* slots = reinterpret_cast<uint64_t*>(pool_->arena().block(block));
    const int64_t index = load.first_block + load.num_filled++;
    std::copy_n(hashes.begin() + index * kBlockTokens, kBlockTokens, slots);
  }
  scheduler_->Filled(id, load.num_filled);
}

void SimulatedEngine::EndLoad(SequenceId id) {
  scheduler_->Unhold(id);
  scheduler_->EndLoad(id);
  loads_.erase(id);
}

std::vector<uint64_t> SimulatedEngine::Hashes(
    const SimulatedSequence& sequence, absl::Span<const int32_t> tokens) {
  std::vector<uint64_t> hashes;
  uint64_t hash = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (i == sequence.num_public_tokens) {
      hash = absl::HashOf(hash, sequence.salt);
    }
    hash = absl::HashOf(hash, tokens[i]);
    hashes.push_back(hash);
  }
  return hashes;
}

uint64_t& SimulatedEngine::Slot(absl::Span<const BlockId> table,
                                int64_t position) {
  uint8_t* block = pool_->arena().block(table.at(position / kBlockTokens));
  return reinterpret_cast<uint64_t*>(block)[position % kBlockTokens];
}

SimulatedPass SimulatedEngine::Compute(int64_t prompt_budget) {
  const auto chunks = scheduler_->Schedule(now_, prompt_budget);
  CheckBudget(chunks, prompt_budget);
  SimulatedPass pass;
  for (const Chunk& chunk : chunks) {
    ComputeChunk(chunk);
    const auto draft = chunk.tokens.last(chunk.num_draft_tokens);
    pass.push_back({chunk.sequence,
                    chunk.first_position,
                    static_cast<int64_t>(chunk.tokens.size()),
                    chunk.is_last,
                    {draft.begin(), draft.end()}});
  }
  return pass;
}

void SimulatedEngine::CheckBudget(absl::Span<const Chunk> chunks,
                                  int64_t prompt_budget) {
  int64_t num_decoding = 0;
  int64_t num_prompt = 0;
  int64_t num_drafts = 0;
  for (const Chunk& chunk : chunks) {
    const int64_t num_known = chunk.tokens.size() - chunk.num_draft_tokens;
    const bool is_prompt =
        num_known > 1 ||
        chunk.first_position < sequences_.at(chunk.sequence).num_prompt_tokens;
    // The last token of what a preemption left is either.
    (is_prompt ? num_prompt : num_decoding) += num_known;
    num_drafts += chunk.num_draft_tokens;
  }
  EXPECT_LE(num_prompt + num_decoding + num_drafts, options_.max_pass_tokens);
  EXPECT_LE(num_prompt, std::max<int64_t>(prompt_budget, num_decoding == 0));
}

void SimulatedEngine::ComputeChunk(const Chunk& chunk) {
  SimulatedSequence& sequence = sequences_.at(chunk.sequence);
  const SequenceProgress progress = scheduler_->progress(chunk.sequence);
  std::vector<int32_t> tokens = sequence.tokens;
  const auto draft = chunk.tokens.last(chunk.num_draft_tokens);
  tokens.insert(tokens.end(), draft.begin(), draft.end());
  const int64_t begin = chunk.first_position;
  const auto end = begin + static_cast<int64_t>(chunk.tokens.size());
  ASSERT_LT(begin, end);
  ASSERT_EQ(begin, progress.num_computed);
  ASSERT_LE(end, tokens.size());
  ASSERT_LE(end, scheduler_->max_sequence_tokens());
  ASSERT_EQ(chunk.is_last, end == tokens.size());
  ASSERT_EQ(chunk.tokens,
            absl::MakeConstSpan(tokens).subspan(begin, chunk.tokens.size()));
  ASSERT_EQ(chunk.block_table.size(), (end + kBlockTokens - 1) / kBlockTokens);
  const std::vector<uint64_t> hashes = Hashes(sequence, tokens);
  for (int64_t i = 0; i < end; ++i) {
    if (i >= begin) Slot(chunk.block_table, i) = hashes[i];
    ASSERT_EQ(Slot(chunk.block_table, i), hashes[i])
        << "position " << i << " of sequence " << chunk.sequence;
  }
  for (int64_t i = begin / kBlockTokens; i < chunk.block_table.size(); ++i) {
    ASSERT_EQ(pool_->num_owners(chunk.block_table[i]), 1);
  }
  if (chunk.wants_all_logits) {
    ASSERT_TRUE(sequence.computes_whole_prompt);
    ASSERT_LE(begin, sequence.num_with_logits);
    sequence.num_with_logits = end;
  }
  num_computed_ += chunk.tokens.size();
}

void SimulatedEngine::CommitAndDraw(const SimulatedPass& pass) {
  scheduler_->Commit();
  for (const SimulatedChunk& chunk : pass) {
    if (chunk.is_last) Verify(chunk);
  }
}

void SimulatedEngine::Draft(SequenceId id, int num_tokens, int num_right) {
  std::vector<int32_t> tokens = sequences_.at(id).tokens;
  std::vector<int32_t> draft;
  for (int i = 0; i < num_tokens; ++i) {
    const int32_t right = NextToken(id, tokens);
    draft.push_back(i == num_right ? (right + 1) % 4 : right);
    tokens.push_back(draft.back());
  }
  scheduler_->SetDraft(id, draft);
}

void SimulatedEngine::Verify(const SimulatedChunk& chunk) {
  SimulatedSequence& sequence = sequences_.at(chunk.sequence);
  int64_t num_accepted = 0;
  for (const int32_t token : chunk.draft) {
    if (sequence.tokens.size() >= sequence.max_tokens) break;
    if (token != NextToken(chunk.sequence, sequence.tokens)) break;
    sequence.tokens.push_back(token);
    ++num_accepted;
  }
  num_accepted_ += num_accepted;
  if (!chunk.draft.empty()) scheduler_->Accept(chunk.sequence, num_accepted);
  Draw(chunk.sequence);
}

void SimulatedEngine::Draw(SequenceId id) {
  SimulatedSequence& sequence = sequences_.at(id);
  if (sequence.computes_whole_prompt) {
    EXPECT_GE(sequence.num_with_logits, sequence.num_prompt_tokens);
  }
  if (sequence.tokens.size() >= sequence.max_tokens) {
    Remove(id);
    return;
  }
  const int32_t token = NextToken(id, sequence.tokens);
  scheduler_->Append(id, token);
  sequence.tokens.push_back(token);
}

SimulatedPass SimulatedEngine::Step(int64_t prompt_budget) {
  const SimulatedPass pass = Compute(prompt_budget);
  CommitAndDraw(pass);
  CheckInvariants();
  return pass;
}

void SimulatedEngine::CheckInvariants() {
  int64_t num_prompt_tokens_left = 0;
  for (const auto& [id, sequence] : sequences_) {
    const SequenceProgress progress = scheduler_->progress(id);
    ASSERT_EQ(scheduler_->tokens(id), absl::MakeConstSpan(sequence.tokens));
    ASSERT_EQ(progress.num_prompt_tokens, sequence.num_prompt_tokens);
    ASSERT_LE(progress.num_computed, progress.num_tokens);
    ASSERT_LT(progress.num_cached, progress.num_prompt_tokens);
    const int64_t num_left = progress.num_tokens - progress.num_computed;
    if (num_left > 1 || progress.num_computed < progress.num_prompt_tokens) {
      num_prompt_tokens_left += num_left;
    }
  }
  ASSERT_EQ(scheduler_->num_prompt_tokens_left(), num_prompt_tokens_left);
  const SchedulerStats stats = scheduler_->stats();
  ASSERT_EQ(stats.num_running + stats.num_waiting, sequences_.size());
  ASSERT_EQ(
      stats.num_blocks_in_use + stats.num_blocks_cached + pool_->num_free(),
      stats.num_blocks);
  ASSERT_LE(stats.num_hit_tokens, stats.num_queried_tokens);
  if (stats.num_running == 0 && loads_.empty()) {
    ASSERT_EQ(stats.num_blocks_in_use, 0);
  }
  int32_t num_owned = 0;
  for (BlockId id = 0; id < pool_->num_blocks(); ++id) {
    num_owned += pool_->num_owners(id) > (pool_->is_cached(id) ? 1 : 0);
  }
  ASSERT_EQ(stats.num_blocks_in_use, num_owned);
}

void SimulatedEngine::Finish(int64_t prompt_budget, int max_steps) {
  for (int step = 0; !sequences_.empty(); ++step) {
    ASSERT_LT(step, max_steps) << sequences_.size() << " are not finished";
    ASSERT_FALSE(Step(prompt_budget).empty()) << "nothing planned";
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

}  // namespace tessera::scheduling
