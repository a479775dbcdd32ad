// Pass: what one forward pass computes, in memory of its own.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/scheduling/sequence.h"

namespace tessera::scheduling {

// One sequence's part of a pass. Valid until the next call of Schedule.
struct Chunk {
  SequenceId sequence = 0;
  absl::Span<const int32_t> tokens;
  int64_t first_position = 0;
  absl::Span<const kv_cache::BlockId> block_table;
  // All known tokens are computed after this chunk: the row of the last
  // known one has the logits of the next token.
  bool is_last = false;
  // It is one token of an answer, and perhaps a draft.
  bool is_decoding = false;
  // Of `tokens`, the last so many are a draft: guesses behind the known ones,
  // whose rows say whether each is right.
  int64_t num_draft_tokens = 0;
  // The whole prompt's logits are wanted (computes_whole_prompt), and this
  // chunk computes some of them for the first time. After a preemption those of
  // earlier positions can be among its rows again.
  bool wants_all_logits = false;
};

class Pass {
 public:
  // Chunks of the sequences' planned tokens, in the order given. They are
  // copies, 4 bytes a token and a block, so that whatever becomes of a sequence
  // afterwards leaves them alone.
  absl::Span<const Chunk> Build(std::vector<Sequence*> sequences);

  // Those of the latest Build; none after Clear.
  absl::Span<Sequence* const> sequences() const { return sequences_; }
  void Clear() { sequences_.clear(); }

 private:
  std::vector<Sequence*> sequences_;
  std::vector<Chunk> chunks_;
  std::vector<int32_t> tokens_;
  std::vector<kv_cache::BlockId> blocks_;
};

}  // namespace tessera::scheduling
