// DraftCache: which tokens of which sequences the draft model has computed.
//
// A sequence's entry is its tokens and the blocks of their keys and values. It
// follows whatever tokens it is asked for: what is computed up to the first
// difference stays, the rest is forgotten. Full blocks of tokens that are known
// for good are shared by a prefix tree, where other sequences, and the same one
// after it was forgotten, find them again.
//
// When blocks run out, cached ones that no entry holds go first, then the
// entries that were used longest ago; those in use stay.
//
//   Entry* entry = cache.Take(id, salt, known);    // in use until EndCall
//   if (!cache.Append(entry, next)) ...            // no room
//   Forward(next, first_position, entry->table.block_ids())
//   cache.Share(entry, num_known);
//   cache.EndCall();
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/kv_cache/block_table.h"
#include "libs/kv_cache/prefix_tree.h"
#include "services/speculator/client/speculator_client.h"

namespace tessera::speculator {

class DraftCache {
 public:
  struct Entry {
    Entry(SequenceId sequence, kv_cache::BlockPool& pool)
        : sequence(sequence), table(pool) {}

    const SequenceId sequence;
    std::string salt;
    std::vector<int32_t> tokens;  // table.num_tokens() of them
    kv_cache::BlockTable table;
    int64_t num_shared_blocks = 0;  // the first ones, nodes of the tree
    bool is_in_use = false;
  };

  // InvalidArgument, ResourceExhausted: not one block fits in `bytes`, or the
  // system has not so much. max_sequences: at least 1.
  static absl::StatusOr<std::unique_ptr<DraftCache>> Create(
      const kv_cache::KvGeometry& geometry, int64_t bytes, int max_sequences);
  ~DraftCache();

  // The sequence's entry, rewound to what it has in common with `known` (at
  // least one token), and at most all but the last of it: whose logits are what
  // is wanted. Filled from the tree where that has more.
  Entry* Take(SequenceId sequence, absl::string_view salt,
              absl::Span<const int32_t> known);

  // Room for `tokens`, which are to be computed now. False, and nothing
  // changed: there is none.
  bool Append(Entry* entry, absl::Span<const int32_t> tokens);

  // Gives the full blocks of the first `num_known` tokens to the tree.
  void Share(Entry* entry, int64_t num_known);

  // No entry is in use.
  void EndCall();

  // Forgets the sequence; what it shared stays in the tree. No entry in use.
  void Release(SequenceId sequence);

  kv_cache::KvArena& arena() { return pool_->arena(); }
  int64_t num_sequences() const { return by_use_.size(); }
  int32_t num_blocks() const { return pool_->num_blocks(); }
  int32_t num_free_blocks() const { return pool_->num_free(); }
  int64_t num_forgotten() const { return num_forgotten_; }  // to make room

 private:
  using Entries = std::list<Entry>;  // the latest used last

  DraftCache(std::unique_ptr<kv_cache::BlockPool> pool, int max_sequences);
  Entry* FindOrAdd(SequenceId sequence);
  void Rewind(Entry* entry, int64_t num_tokens);
  void TakeFromTree(Entry* entry, absl::Span<const int32_t> wanted);
  kv_cache::PrefixTree::Place PlaceOf(const Entry& entry) const;
  // False: everything is in use.
  bool FreeSomeBlock();
  bool ForgetOldest();

  const int max_sequences_;
  const std::unique_ptr<kv_cache::BlockPool> pool_;
  kv_cache::PrefixTree tree_;
  Entries by_use_;
  absl::flat_hash_map<SequenceId, Entries::iterator> entries_;
  std::vector<Entry*> in_use_;
  int64_t num_forgotten_ = 0;
};

}  // namespace tessera::speculator
