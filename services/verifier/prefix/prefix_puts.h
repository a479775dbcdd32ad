// PrefixPuts: gives a store the blocks of prompts and answers as they are
// computed, as far as it does not have them.
//
// Off the requests' path: a few blocks are copied after each pass, and what the
// store is too slow for is left out.
//
// The engine's thread alone; nothing blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/kv_cache/prefix_hash.h"
#include "libs/scheduling/scheduler.h"
#include "services/verifier/prefix/write_behind.h"

namespace tessera::verifier {

class PrefixPuts {
 public:
  using SequenceId = scheduling::SequenceId;

  // All outlive it.
  PrefixPuts(const scheduling::Scheduler* scheduler,
             const kv_cache::BlockPool* pool, kv_cache::PrefixHasher* hasher,
             WriteBehind* writes)
      : scheduler_(*scheduler),
        pool_(*pool),
        hasher_(*hasher),
        writes_(*writes) {}

  // What the store has of a prompt: its blocks behind those may be put. A
  // sequence that was never so announced puts nothing.
  void Matched(SequenceId id, kv_cache::PrefixNames names, int64_t num_blocks);
  void Forked(SequenceId parent, SequenceId twin);
  // A pass begins: so many blocks may be put until the next.
  void BeginPass(absl::Time now);
  // The sequence has computed more.
  void Computed(SequenceId id);
  // The same, and it is about to be removed.
  void Ended(SequenceId id);

 private:
  struct Source {
    kv_cache::PrefixNames names;
    int64_t next = 0;  // the block to be put next
    std::shared_ptr<WriteBehind::Lane> lane;
  };

  void SkipRecent(Source& source, int64_t end) const;
  void PutSome(SequenceId id, Source& source, int64_t num_blocks);
  bool IsRecent(const prefix_cache::Hash& hash) const;

  const scheduling::Scheduler& scheduler_;
  const kv_cache::BlockPool& pool_;
  kv_cache::PrefixHasher& hasher_;
  WriteBehind& writes_;
  absl::flat_hash_map<SequenceId, Source> sources_;
  int64_t num_left_ = 0;  // of this pass
  // What was put lately is not put again by others that compute or find it.
  absl::flat_hash_set<prefix_cache::Hash> recent_;
  absl::flat_hash_set<prefix_cache::Hash> less_recent_;
  absl::Time next_generation_ = absl::InfinitePast();
};

}  // namespace tessera::verifier
