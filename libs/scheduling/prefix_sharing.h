// PrefixSharing: what a sequence takes from the prefix tree and gives to it.
//
//   |<- num_shared_blocks ->|<- own blocks ->|
//   | the tree's, read only | full ... tail  |
//   |<---- num_computed ------------->|
//
// A sequence's shared blocks are the tree's path of its tokens. It takes more
// only where its next token begins a block and all before are shared; it never
// takes its last token, whose logits are wanted, nor, where those of the whole
// prompt are, one that it did not compute before.
//
// Its public blocks are below the tree's public root, and the others below its
// salt's root behind them: another salt finds the former and none of the
// latter.
#pragma once

#include <cstdint>
#include <optional>

#include "libs/kv_cache/prefix_tree.h"
#include "libs/scheduling/sequence.h"

namespace tessera::scheduling {

class PrefixSharing {
 public:
  // Both outlive it. Not `enabled`: nothing is found, nothing given.
  PrefixSharing(kv_cache::BlockPool& pool, kv_cache::PrefixTree& tree,
                bool enabled)
      : pool_(pool), tree_(tree), enabled_(enabled) {}

  // Tokens behind the computed ones that it may take.
  int64_t NumTakeable(const Sequence& sequence) const;

  // Prompt tokens taken, by sequences never preempted.
  int64_t num_hit_tokens() const { return num_hit_tokens_; }

  // What the tree has of them.
  kv_cache::PrefixTree::Match Find(const Sequence& sequence);

  // Takes full blocks. CHECK: `match` is Find's, and nothing changed since.
  void TakeBlocks(const kv_cache::PrefixTree::Match& match, Sequence& sequence);

  // Copies the head of a block that begins like the sequence's next one, if a
  // block can be had for it: copying costs a fraction of computing one token.
  void TakeTail(Sequence& sequence);

  // Its full computed blocks are the tree's from now on. Where the tree has an
  // equal one, the sequence uses that and lets its own go.
  void GiveBlocks(Sequence& sequence);

  // Its computed tail too, for a sequence that will not go on: so that the next
  // turn of a conversation finds all of this one.
  void GiveTail(const Sequence& sequence);

  // The sequence is about to write behind its computed tokens: a tail that it
  // has in common with the tree alone becomes its own, without a copy.
  void ReclaimTail(const Sequence& sequence);

  // Where its block `index` is in the tree, given the one before (unless it is
  // the first).
  static kv_cache::PrefixTree::Place PlaceOf(
      const Sequence& sequence, int64_t index,
      std::optional<kv_cache::BlockId> before);

 private:
  int block_tokens() const { return pool_.geometry().block_tokens; }
  // Of the block behind its shared ones.
  kv_cache::PrefixTree::Place NextPlaceOf(const Sequence& sequence) const;
  void Count(int64_t num_taken, Sequence& sequence);

  kv_cache::BlockPool& pool_;
  kv_cache::PrefixTree& tree_;
  const bool enabled_;
  int64_t num_hit_tokens_ = 0;
};

}  // namespace tessera::scheduling
