// SimulatedEngine: drives a scheduler as an engine does, with no model.
//
// The key and value of a position is a hash of all tokens up to it and, behind
// the public blocks, of the salt, written to the block where the model would
// write them. Every pass checks that all earlier positions of each of its
// sequences hold just what their own tokens give, and that whatever it writes
// belongs to one sequence alone: any wrong sharing, early reuse or lost copy
// shows.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/scheduling/scheduler.h"

namespace tessera::scheduling {

struct SimulatedSequence {
  std::string salt;
  std::vector<int32_t> tokens;
  int64_t num_public_tokens = 0;  // in whole blocks
  int64_t num_prompt_tokens = 0;
  int64_t max_tokens = 0;  // finished when it has as many
  bool computes_whole_prompt = false;
  int64_t num_with_logits = 0;  // of a whole prompt
};

// What became of a chunk.
struct SimulatedChunk {
  SequenceId sequence = 0;
  int64_t first_position = 0;
  int64_t num_tokens = 0;
  bool is_last = false;
  std::vector<int32_t> draft;
};
using SimulatedPass = std::vector<SimulatedChunk>;

class SimulatedEngine {
 public:
  static constexpr int kBlockTokens = 4;

  SimulatedEngine(int num_blocks, const SchedulerOptions& options);

  // A sequence that ends with `num_new` tokens behind its prompt.
  absl::StatusOr<SequenceId> Add(SequenceSpec spec, int64_t num_new);
  SequenceId Fork(SequenceId parent);
  void Remove(SequenceId id);

  // For the next pass, a draft of `num_tokens` whose first `num_right` are what
  // will be drawn, and whose next is not.
  void Draft(SequenceId id, int num_tokens, int num_right);

  // Holds a waiting sequence and brings it blocks from elsewhere, as far as its
  // known tokens go; false where it cannot be. The blocks come with FillSome.
  bool BeginLoad(SequenceId id, int64_t num_blocks);
  // So many more of a load's blocks are brought.
  void FillSome(SequenceId id, int64_t num_blocks);
  // What did not come is given up. CHECK: it has a load.
  void EndLoad(SequenceId id);
  bool is_loading(SequenceId id) const { return loads_.count(id) > 0; }

  // One pass and its checks; then a token for each last chunk, or the sequence
  // is removed at its end.
  SimulatedPass Step(int64_t prompt_budget);
  // The same in two parts: what is planned may fail.
  SimulatedPass Compute(int64_t prompt_budget);
  void CommitAndDraw(const SimulatedPass& pass);
  void Commit() { scheduler_->Commit(); }
  // After Commit: accepts what is right of the chunk's draft, and draws a
  // token.
  void Verify(const SimulatedChunk& chunk);
  void Draw(SequenceId id);  // a token after Commit

  // Checks what has to hold between any two calls.
  void CheckInvariants();

  // Steps until nothing is left, but no more often than that.
  void Finish(int64_t prompt_budget, int max_steps);

  void Advance(absl::Duration duration) { now_ += duration; }
  Scheduler& scheduler() { return *scheduler_; }
  kv_cache::BlockPool& pool() { return *pool_; }
  const std::map<SequenceId, SimulatedSequence>& sequences() const {
    return sequences_;
  }
  int64_t num_computed() const { return num_computed_; }  // tokens, in all
  int64_t num_accepted() const { return num_accepted_; }  // draft tokens

 private:
  struct SimulatedLoad {
    int64_t first_block = 0;
    std::vector<kv_cache::BlockId> blocks;
    int64_t num_filled = 0;
  };
  // Of positions [0, end): what each holds.
  static std::vector<uint64_t> Hashes(const SimulatedSequence& sequence,
                                      absl::Span<const int32_t> tokens);
  uint64_t& Slot(absl::Span<const kv_cache::BlockId> table, int64_t position);
  void CheckBudget(absl::Span<const Chunk> chunks, int64_t prompt_budget);
  void ComputeChunk(const Chunk& chunk);

  const SchedulerOptions options_;
  std::unique_ptr<kv_cache::BlockPool> pool_;
  std::unique_ptr<Scheduler> scheduler_;
  std::map<SequenceId, SimulatedLoad> loads_;
  std::map<SequenceId, SimulatedSequence> sequences_;
  absl::Time now_ = absl::UnixEpoch();
  int64_t num_computed_ = 0;
  int64_t num_accepted_ = 0;
};

}  // namespace tessera::scheduling
