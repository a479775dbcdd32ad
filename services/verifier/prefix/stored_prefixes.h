// StoredPrefixes: the engine's prefix tree, continued in a store of keys and
// values (services/prefix_cache), which outlives the process and serves others.
//
//   engine's loop:  Arrived -> Poll -> (schedule, forward) -> Computed -> Ended
//
// What the store has more of a prompt than the tree is loaded into the tree
// where that is faster than computing it (prefix_loads.h); what is computed is
// put into the store (prefix_puts.h). Whatever the store does costs no more
// than its hits: every wait is bounded, and an answer has the same bits with it
// and without.
//
// The engine's thread alone.
#pragma once

#include <functional>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "libs/kv_cache/block_pool.h"
#include "libs/kv_cache/prefix_hash.h"
#include "libs/scheduling/scheduler.h"
#include "proto/verifier.pb.h"
#include "services/prefix_cache/client/prefix_cache_client.h"
#include "services/verifier/prefix/load_costs.h"
#include "services/verifier/prefix/prefix_loads.h"
#include "services/verifier/prefix/prefix_puts.h"
#include "services/verifier/prefix/prefix_store_metrics.h"
#include "services/verifier/prefix/store_mailbox.h"
#include "services/verifier/prefix/write_behind.h"

namespace tessera::verifier {

// A store that an engine may ask.
struct PrefixStore {
  prefix_cache::PrefixCacheClient* client = nullptr;  // null: none
  std::string key;  // of names: kv_cache::PrefixHasher's
  PrefixStoreMetrics* metrics = nullptr;
  // Of copies on their way to the store, at least; an engine takes more where
  // its contexts are longer.
  int64_t max_put_bytes = int64_t{64} << 20;
  // Puts wait while anything is computed (put_pace.h): it needs all cores.
  bool puts_yield = false;
};

class StoredPrefixes {
 public:
  using SequenceId = scheduling::SequenceId;

  // The pointers in `store`, `scheduler` and `pool` outlive it. wake: makes the
  // engine Poll, from any thread; not called after Stop.
  StoredPrefixes(const PrefixStore& store,
                 const kv_cache::PrefixIdentity& identity,
                 scheduling::Scheduler* scheduler, kv_cache::BlockPool* pool,
                 std::function<void()> wake);
  ~StoredPrefixes();

  // A sequence was added, whose first `num_public_tokens` every salt shares.
  void Arrived(SequenceId id, absl::string_view cache_salt,
               int64_t num_public_tokens, absl::Time now);
  void Forked(SequenceId parent, SequenceId twin) {
    puts_.Forked(parent, twin);
  }
  // Between passes. is_computing: there are sequences.
  void Poll(absl::Time now, bool is_computing);
  // A pass was computed: chunks' sequences have more blocks.
  void Computed(absl::Span<const scheduling::Chunk> chunks, absl::Duration time,
                absl::Time now);
  // A sequence is about to be removed.
  void Ended(SequenceId id);
  // Where `num_cached` tokens of the sequence's prompt came from.
  v1::CachedTokens SourcesOf(SequenceId id, int64_t num_cached) const;

  // When Poll has something to do again, if nothing wakes the engine before.
  absl::Time next_poll() const { return loads_.next_poll(); }
  // There is nothing to compute: puts go on. When to say so again.
  absl::Time Rest(absl::Time now);
  // Blocks are short: loads give theirs back, and what came is used.
  void EndLoads() { loads_.Stop(); }
  // Ends loads, and gives puts under way a short time.
  void Stop();

 private:
  struct Prompt {
    kv_cache::PrefixNames names;
    LoadedBlocks loaded;
  };

  const PrefixStore store_;
  scheduling::Scheduler& scheduler_;
  kv_cache::BlockPool& pool_;
  kv_cache::PrefixHasher hasher_;
  LoadCosts costs_;
  WriteBehind writes_;
  const std::shared_ptr<StoreMailbox> mailbox_;
  PrefixLoads loads_;
  PrefixPuts puts_;
  absl::flat_hash_map<SequenceId, Prompt> prompts_;
};

}  // namespace tessera::verifier
