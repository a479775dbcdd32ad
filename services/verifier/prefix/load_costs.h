// LoadCosts: what it costs to load blocks from a store and to compute them, as
// measured, so that a load is begun only where it is the faster.
//
// Begins optimistic: what was never measured is loaded. Each time a load is
// found too slow, what is known of loading fades a little, so that a store that
// was slow once is tried again.
//
// One thread at a time.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace tessera::verifier {

// Of a match, what is still to be loaded, by where the store has it.
struct BlocksToLoad {
  int64_t num_in_memory = 0;
  int64_t num_on_disk = 0;
  int64_t count() const { return num_in_memory + num_on_disk; }
};

class LoadCosts {
 public:
  // token_time: of computing a prompt's token, until that is measured.
  explicit LoadCosts(int block_tokens,
                     absl::Duration token_time = absl::Milliseconds(1));

  // A pass took so long and brought prompts on by so many tokens, whatever else
  // it did: that is how fast they get on at present.
  void Computed(int64_t num_prompt_tokens, absl::Duration time);
  // From asking the store for these blocks to the last of them.
  void Loaded(const BlocksToLoad& blocks, absl::Duration time);

  absl::Duration ToCompute(int64_t num_blocks) const;
  absl::Duration ToLoad(const BlocksToLoad& blocks) const;
  // Whether loading probably ends first.
  bool ShouldLoad(const BlocksToLoad& blocks);

 private:
  const int block_tokens_;
  double token_seconds_;
  bool has_computed_ = false;
  // Of a block; 0: never measured.
  double memory_seconds_ = 0;
  double disk_seconds_ = 0;
};

}  // namespace tessera::verifier
